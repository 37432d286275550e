package screen

import "fmt"

// Checks counts what was as it should be.
type Checks struct {
	Passed   int
	Failures []string
}

// Equal compares what is shown with what should be. The result goes into the table.
func (c *Checks) Equal(what, got, want string) Cell {
	if got == "" {
		got = "(not set)"
	}
	c.That(got == want, "%s is %q, not %q", what, got, want)
	return Cell{got, got != want}
}

// That notes whether something holds, and says what is wrong where it does not.
func (c *Checks) That(ok bool, failure string, args ...any) {
	if ok {
		c.Passed++
		return
	}
	c.Failures = append(c.Failures, fmt.Sprintf(failure, args...))
}
