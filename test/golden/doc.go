// Package golden compares what tests got with files, and writes these files with the flag -update.
package golden
