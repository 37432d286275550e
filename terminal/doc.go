// Package terminal lays out what commands print for people: colours, width and tables.
//
// Colours and width are those of the terminal. Output to a pipe or a file has neither, so it is the same
// everywhere. NO_COLOR (https://no-color.org) and TERM=dumb switch colours off.
//
// [Screen] redraws a text in place, for commands that watch something; [Progress] redraws one line during long work.
//
// The package does not depend on what it prints. Data for programs is JSON and does not pass through here.
package terminal
