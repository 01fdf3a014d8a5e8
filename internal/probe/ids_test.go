package probe

import "testing"

func TestSubordinate(t *testing.T) {
	const text = "alice:100000:65536\n1000:165536:10\nbob:300000:65536\n# alice:1:1\nalice:x\nalice:1:y\n"
	for _, c := range []struct {
		names []string
		want  uint64
	}{
		{[]string{"1000", "alice"}, 65546},
		{[]string{"1001", "bob"}, 65536},
		{[]string{"bob", "bob"}, 65536},
		{[]string{"7", "eve"}, 0},
	} {
		if got := subordinate(text, c.names...); got != c.want {
			t.Errorf("%v: %d, want %d", c.names, got, c.want)
		}
	}
}
