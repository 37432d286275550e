package report

import (
	"embed"
	"fmt"
	"html/template"
	"io"
)

//go:embed page
var files embed.FS

// WriteHTML writes the page.
func (r Report) WriteHTML(w io.Writer) error {
	page, err := template.ParseFS(files, "page/*")
	if err != nil {
		return fmt.Errorf("read the page's template: %w", err)
	}
	if err := page.ExecuteTemplate(w, "page.html", r); err != nil {
		return fmt.Errorf("write the page %q: %w", r.Title, err)
	}
	return nil
}
