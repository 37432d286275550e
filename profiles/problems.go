package profiles

import (
	"cmp"
	"fmt"
	"slices"

	"github.com/telepod/telepod/strict"
)

// Problem is one mistake in one profile.
type Problem struct {
	// File is the Source's name and Line the line in it, from 1; 0 if the mistake has no line.
	File string
	Line int
	// Profile is the profile's name; empty if it is unknown.
	Profile string
	// Path leads to the field, e.g. sidecar.resources.requests.cpu; empty for the whole profile.
	Path string
	// Message states what is wrong and what to do.
	Message string
}

// Error returns `file:line: profile "name": path: message`, with the parts that are known.
func (p Problem) Error() string {
	profile := ""
	if p.Profile != "" {
		profile = fmt.Sprintf("profile %q", p.Profile)
	}
	return strict.Message(p.File, p.Line, profile, p.Path, p.Message)
}

// Problems is the error that Load returns: every mistake of every source, ordered by file and line.
type Problems []Problem

// Error returns one problem per line.
func (p Problems) Error() string { return strict.Lines(p) }

// sorted returns the problems in the order of Error, without duplicates.
func (p Problems) sorted() Problems {
	slices.SortFunc(p, func(a, b Problem) int {
		return cmp.Or(
			cmp.Compare(a.File, b.File), cmp.Compare(a.Line, b.Line), cmp.Compare(a.Profile, b.Profile),
			cmp.Compare(a.Path, b.Path), cmp.Compare(a.Message, b.Message))
	})
	return slices.Compact(p)
}
