package supervisor

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
)

// Tail returns the last lines of every log in a machine's directory.
func Tail(dir string, lines int) string {
	logs, err := filepath.Glob(filepath.Join(dir, "*.log"))
	if err != nil {
		return err.Error()
	}
	var out strings.Builder
	for _, log := range logs {
		b, err := os.ReadFile(log)
		if err != nil {
			fmt.Fprintln(&out, err)
		}
		if len(b) == 0 {
			continue
		}
		all := strings.Split(strings.TrimRight(string(b), "\n"), "\n")
		fmt.Fprintf(&out, "--- %s\n%s\n", log, strings.Join(all[max(0, len(all)-lines):], "\n"))
	}
	return out.String()
}
