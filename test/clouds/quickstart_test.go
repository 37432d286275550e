package clouds

import (
	"strings"
	"testing"
)

// TestQuickstartParses checks that every part has commands, and that their syntax is valid. make quickstart runs all
// commands that need no cloud.
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
		t.Errorf("%v: the commands to run are\n%s\nthe commands for a cloud are\n%s", err, script, cloud)
	}
}
