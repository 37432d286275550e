// Package browser opens a page in a real browser, Debian's chromium, and reports what a person could not see: text without
// size or contrast, text that is cut off, errors of the page, and whatever it asks of a network.
//
//	chrome  the program that drives chromium; a module of its own, for its dependencies
package browser
