package main

import (
	"flag"
	"fmt"
	"strconv"

	"github.com/urfave/cli/v2"
)

// opt is one flag with all its names.
type opt struct {
	names []string // the first one is the long one
	arg   string   // what help calls the value; "" for a switch
	usage string
	value *value
}

// value is a flag's value. Each name of a flag is registered as a flag of its
// own with the same value: cli's aliases would set slices twice, lose the
// order between different flags and refuse "-v A:B --bind C:D".
type value struct {
	set func(string) error
	// optional: the flag may stand without a value, and is then set to "true".
	optional bool
}

// Set is called for each use of the flag.
func (v *value) Set(s string) error { return v.set(s) }

// String has nothing to tell: cli would take it for a default or a boolean.
func (v *value) String() string { return "" }

// IsBoolFlag makes package flag accept the flag without a value.
func (v *value) IsBoolFlag() bool { return v.optional }

// named is a flag that knows its name. cli would make it out with a regular
// expression, more than once for each flag: a tenth of the time that ptbox
// needs to start.
type named struct {
	*cli.GenericFlag
	names []string
}

func (n *named) Names() []string { return n.names }

// Apply tells package flag.
func (n *named) Apply(set *flag.FlagSet) error {
	set.Var(n.Value, n.Name, n.Usage)
	return nil
}

func flags(opts []opt) []cli.Flag {
	var out []cli.Flag
	for _, o := range opts {
		for i, name := range o.names {
			out = append(out, &named{&cli.GenericFlag{Name: name, Usage: o.usage, Value: o.value}, o.names[i : i+1]})
		}
	}
	return out
}

func boolean(dst *bool) *value {
	return &value{optional: true, set: func(s string) (err error) {
		*dst, err = strconv.ParseBool(s)
		return plain(err)
	}}
}

// text takes one value that must not be empty; the last one given counts.
func text(dst *string) *value {
	return &value{set: func(s string) error {
		if s == "" {
			return fmt.Errorf("empty value")
		}
		*dst = s
		return nil
	}}
}

func number(dst *int) *value {
	return &value{set: func(s string) error {
		n, err := strconv.Atoi(s)
		if err == nil && n < 0 {
			return fmt.Errorf("negative value")
		}
		*dst = n
		return plain(err)
	}}
}

func oneOf(dst *string, words ...string) *value {
	return &value{set: func(s string) error {
		for _, w := range words {
			if s == w {
				*dst = s
				return nil
			}
		}
		return fmt.Errorf("want one of %q", words)
	}}
}

// plain drops the function name from an error of strconv.
func plain(err error) error {
	if ne, ok := err.(*strconv.NumError); ok {
		return ne.Err
	}
	return err
}

func helpOpt(dst *bool) opt {
	return opt{names: []string{"help", "h"}, value: boolean(dst), usage: "print this help"}
}
