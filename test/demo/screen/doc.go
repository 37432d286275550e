// Package screen prints a demo for people: steps, text and tables within 100 columns, in colour on a terminal. [Checks]
// counts passed and failed checks. The package is independent of the demo's content.
package screen
