// Package golden compares results of tests with files, and writes the files with the flag -update.
package golden
