// Package await polls for conditions that send no notification. It is for tests and the demo, on machines
// of any speed; watch for everything that does notify.
package await
