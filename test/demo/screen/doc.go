// Package screen writes a demo for people: steps, text and tables within 100 columns, in colour on a
// terminal. [Checks] counts what was as it should be. It knows nothing of what is shown.
package screen
