// Package await polls for conditions without a notification, such as a URL that answers or a line in a log. It is for
// tests and the demo, on machines of any speed. Use a watch for everything that sends notifications.
package await
