// Package screen prints a demo for people: steps, text and tables in 100 columns, in colour on a terminal. [Checks]
// counts passed and failed checks. The package does not depend on the demo's content.
package screen
