package collector

import (
	"os"
	"strings"
	"testing"

	"github.com/telepod/telepod/image"
)

// TestImageTagsMatchTheManifest checks that the builder and the image leave out the same parts of components.
func TestImageTagsMatchTheManifest(t *testing.T) {
	manifest, err := os.ReadFile("../../collector/distribution/manifest.yaml")
	if err != nil {
		t.Fatal(err)
	}
	want := "build_tags: " + strings.Join(image.Collector().Programs[0].Tags, ",") + "\n"
	if !strings.Contains(string(manifest), want) {
		t.Errorf("collector/distribution/manifest.yaml lacks the tags of the image: %s", want)
	}
}
