// Package procattr starts programs that do not outlive the test or demo that started them, on Linux. On other systems it
// has no effect.
package procattr
