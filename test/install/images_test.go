package install

import (
	"os"
	"testing"
)

func TestImagesAreBuiltOnce(t *testing.T) {
	if testing.Short() {
		t.Skip("builds images; run without -short")
	}
	first, err := Images(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	times := map[string]os.FileInfo{}
	for _, path := range first {
		if times[path], err = os.Stat(path); err != nil {
			t.Error(err)
		}
	}
	again, err := Images(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	for _, path := range again {
		info, err := os.Stat(path)
		if err != nil || times[path] == nil || !os.SameFile(info, times[path]) {
			t.Errorf("%s was made again, %v", path, err)
		}
	}
}
