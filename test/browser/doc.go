// Package browser opens a page in a real browser, Debian's chromium. It reports text without size or contrast, text
// that is cut off, script errors, and every network request.
//
//	chrome  the program that drives chromium, in a separate module because of its dependencies
package browser
