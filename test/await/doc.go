// Package await polls for conditions that send no notification, such as a URL that answers or a line in a log. It is for
// tests and the demo, on machines of any speed; watch for everything that does notify.
package await
