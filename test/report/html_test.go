package report_test

import (
	"bytes"
	"flag"
	"os"
	"testing"

	"github.com/google/go-cmp/cmp"
)

var update = flag.Bool("update", false, "rewrite what is expected")

const goldenPage = "testdata/story.html"

func TestStory(t *testing.T) {
	var page bytes.Buffer
	if err := story(t).WriteHTML(&page); err != nil {
		t.Fatal(err)
	}
	if *update {
		if err := os.WriteFile(goldenPage, page.Bytes(), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(goldenPage)
	if err != nil {
		t.Fatal(err)
	}
	if difference := cmp.Diff(string(want), page.String()); difference != "" {
		t.Errorf("the page changed (-want +got); look at it with screenshot.sh, then run with -update:\n%s", difference)
	}
}
