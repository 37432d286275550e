package screen

import "fmt"

// Checks counts passed checks and lists failures.
type Checks struct {
	Passed   int
	Failures []string
}

// Equal compares a value that is shown with the expected one. The result is a cell for a table.
func (c *Checks) Equal(what, got, want string) Cell {
	if got == "" {
		got = "(not set)"
	}
	c.That(got == want, "%s is %q, not %q", what, got, want)
	return Cell{got, got != want}
}

// That records whether a check passed, with a message in case it failed.
func (c *Checks) That(ok bool, failure string, args ...any) {
	if ok {
		c.Passed++
		return
	}
	c.Failures = append(c.Failures, fmt.Sprintf(failure, args...))
}
