// Package ports finds TCP ports for the processes of tests.
package ports
