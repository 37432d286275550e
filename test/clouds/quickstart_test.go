package clouds

import (
	"strings"
	"testing"
)

// TestQuickstartParses checks that every part has commands, and their syntax. make quickstart runs all that need no cloud.
func TestQuickstartParses(t *testing.T) {
	for _, part := range []string{"## Before you begin", OneCluster, ThreeClusters} {
		script, cloud, err := Commands(part)
		if err != nil {
			t.Fatal(err)
		}
		for name, text := range map[string]string{"run": script, "cloud": cloud} {
			if err := Parse(t.Context(), text); err != nil {
				t.Errorf("%s, %s: %v", part, name, err)
			}
		}
	}
	script, cloud, err := Commands(ThreeClusters)
	if err != nil || !strings.Contains(script, "\ntelepod estate install\n") || !strings.Contains(script, "tracesPerSecond: 200") || !strings.Contains(cloud, "gcloud dns") {
		t.Errorf("%v: runs\n%s\nreads\n%s", err, script, cloud)
	}
}
