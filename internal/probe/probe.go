package probe

import (
	"context"
	"fmt"
)

// Status is a verdict.
type Status string

// The verdicts. Fail means that ptbox cannot work; Warn that something works
// in another, mostly slower or weaker, way.
const (
	OK   Status = "ok"
	Warn Status = "warn"
	Fail Status = "fail"
)

// Result is the outcome of one probe.
type Result struct {
	Name   string `json:"name"`
	Status Status `json:"status"`
	// Why says what was seen.
	Why string `json:"why"`
	// Fix, when not empty, says what would help.
	Fix string `json:"fix,omitempty"`
}

func good(name, format string, a ...any) Result {
	return Result{Name: name, Status: OK, Why: fmt.Sprintf(format, a...)}
}

func warn(name, fix, format string, a ...any) Result {
	return Result{Name: name, Status: Warn, Why: fmt.Sprintf(format, a...), Fix: fix}
}

func bad(name, fix, format string, a ...any) Result {
	return Result{Name: name, Status: Fail, Why: fmt.Sprintf(format, a...), Fix: fix}
}

// All runs every probe. It takes a few milliseconds.
func All(ctx context.Context) []Result {
	out := []Result{procResult(), tracerResult(), yamaResult()}
	out = append(out, traceResults(ctx)...)
	return append(out, openat2Result(), fastResult(), i386Result(), memfdResult(), windowResult(), landlockResult(), confinedResult(), idsResult(), xattrResult())
}
