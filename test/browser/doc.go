// Package browser opens a page in a real browser, Debian's chromium, and reports what a reader could not
// see: text without size or contrast, text that is cut off, script errors, and every network request.
//
//	chrome  the program that drives chromium, a separate module because of its dependencies
package browser
