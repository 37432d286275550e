package browser

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"os/exec"
	"strings"

	"github.com/telepod/telepod/test/build"
)

// Look is a page in one colour scheme.
type Look struct {
	// Scheme is light or dark.
	Scheme string
	// Background is that of the page, as rgb(…).
	Background string
	// Text is all that is shown.
	Text string
	// Texts is how many pieces of text were looked at, and Faults what is wrong with some of them.
	Texts  int
	Faults []string
	// Errors are those of the console, the page's policy included.
	Errors []string
	// Requests are all that were sent, but for the page.
	Requests []string
}

// Missing is the error if there is no browser: who is root gets one by test/cluster/install-debian.sh.
var Missing = exec.ErrNotFound

// Open opens a page by its URL, light and dark, in a window that is so many pixels wide. Pictures are kept in a directory, as
// light.png and dark.png, unless that is empty.
func Open(ctx context.Context, page string, width int, pictures string) ([]Look, error) {
	chromium, err := exec.LookPath("chromium")
	if err != nil {
		return nil, fmt.Errorf("find chromium: %w", err)
	}
	program, err := build.Binary(ctx, build.Spec{Name: "chrome", Module: "test/browser/chrome", Takes: "about 1 minute"})
	if err != nil {
		return nil, err
	}
	cmd := exec.CommandContext(ctx, program, "-browser", chromium, "-width", fmt.Sprint(width), "-pictures", pictures, page)
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		return nil, fmt.Errorf("open %s in chromium: %w: %s", page, err, strings.TrimSpace(stderr.String()))
	}
	var looks []Look
	if err := json.Unmarshal(out, &looks); err != nil {
		return nil, fmt.Errorf("read what chromium saw: %w", err)
	}
	return looks, nil
}
