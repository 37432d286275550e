package golden

import (
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// Update is the flag -update.
var Update = flag.Bool("update", false, "write the results of the tests to the files they are compared with")

// Compare compares got with a file.
func Compare(t testing.TB, file, got string) {
	t.Helper()
	if *Update {
		if err := os.WriteFile(file, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	if diff := cmp.Diff(string(Read(t, file)), got); diff != "" {
		t.Errorf("%s (-want +got; -update writes it):\n%s", file, diff)
	}
}

// Section compares got with the part of a page between two markers.
func Section(t testing.TB, page, begin, end, got string) {
	t.Helper()
	before, rest, opened := strings.Cut(string(Read(t, page)), begin)
	_, after, closed := strings.Cut(rest, end)
	if !opened || !closed {
		t.Fatalf("%s has no %s … %s", page, strings.TrimSpace(begin), strings.TrimSpace(end))
	}
	Compare(t, page, before+begin+got+end+after)
}

// Cases returns the files of a directory with one of the extensions. A file with one of the extensions of results must belong
// to a case.
func Cases(t testing.TB, directory string, extensions []string, results ...string) (cases []string) {
	t.Helper()
	known := map[string]bool{}
	for _, extension := range extensions {
		for _, file := range glob(t, directory, extension) {
			cases = append(cases, file)
			known[strings.TrimSuffix(file, extension)] = true
		}
	}
	if len(cases) == 0 {
		t.Fatalf("no cases in %s", directory)
	}
	for _, result := range results {
		for _, file := range glob(t, directory, result) {
			if !known[strings.TrimSuffix(file, result)] {
				t.Errorf("%s has no case: remove it", file)
			}
		}
	}
	return cases
}

func glob(t testing.TB, directory, extension string) []string {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(directory, "*"+extension))
	if err != nil {
		t.Fatal(err)
	}
	return files
}

// Read reads a file.
func Read(t testing.TB, file string) []byte {
	t.Helper()
	data, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	return data
}
