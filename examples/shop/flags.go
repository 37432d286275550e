package main

import (
	"errors"
	"flag"
	"fmt"
	"os"
	"strings"
)

// flags are the flags of one command. Each also has an environment variable.
type flags struct {
	*flag.FlagSet
	variables map[string]string // flag name to variable
}

func newFlags(command string) flags {
	return flags{flag.NewFlagSet("shop "+command, flag.ContinueOnError), map[string]string{}}
}

// from sets the variable of a flag.
func (f flags) from(name, variable string) {
	f.variables[name] = variable
	described := f.Lookup(name)
	described.Usage += " (variable " + variable + ")"
}

// parse reads the command line, and variables for flags that are not set.
func (f flags) parse(args []string) error {
	if err := f.Parse(args); err != nil {
		return err
	}
	if f.NArg() > 0 {
		return fmt.Errorf("%s: unknown argument %q: use flags only", f.Name(), f.Arg(0))
	}
	given := map[string]bool{}
	f.Visit(func(one *flag.Flag) { given[one.Name] = true })
	for name, variable := range f.variables {
		value := os.Getenv(variable)
		if given[name] || value == "" {
			continue
		}
		if err := f.Set(name, value); err != nil {
			return fmt.Errorf("%s: read the variable %s: %w", f.Name(), variable, err)
		}
	}
	return nil
}

// require returns an error for flags without a value.
func (f flags) require(names ...string) error {
	var absent []string
	for _, name := range names {
		if f.Lookup(name).Value.String() == "" {
			absent = append(absent, fmt.Sprintf("-%s or %s", name, f.variables[name]))
		}
	}
	if len(absent) > 0 {
		return errors.New(f.Name() + ": set " + strings.Join(absent, ", "))
	}
	return nil
}
