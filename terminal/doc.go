// Package terminal lays out what commands print for people: colours, width and tables.
//
// Colour and width are those of the terminal; output into a pipe or a file has neither, so that it stays
// the same everywhere. NO_COLOR (https://no-color.org) and TERM=dumb switch colours off.
//
// [Screen] redraws a text in place, for commands that watch something; [Progress] redraws one line while work goes on.
//
// The package knows nothing of what it prints. Data for programs is JSON, and does not pass through here.
package terminal
