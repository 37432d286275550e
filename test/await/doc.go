// Package await waits for what nothing announces: it tries again until it succeeds. It is for tests and
// the demo, where a machine may be slow; what announces itself is to be watched instead.
package await
