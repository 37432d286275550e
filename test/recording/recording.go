// Package recording makes pictures of commands for the documentation: it runs a command in a terminal, and draws what it
// prints as SVG, in light and dark. To regenerate the picture in docs/cli.md, with telepod in PATH:
//
//	go run ./test/recording/record docs/images/explain.svg 'telepod explain -f test/demo/offline/manifests/mistake.yaml'
//
// TestPictures in cmd/telepod draws pictures of commands on clusters, from responses of real clusters. The drill is from make
// demo DEMO=-check: copy bin/demo-drill.json to cmd/telepod/testdata/drill/demo.json, and run go test ./cmd/telepod -run
// Pictures -update.
package recording

import (
	"bytes"
	"context"
	"fmt"
	"html"
	"os"
	"os/exec"
	"regexp"
	"strings"
	"unicode"
)

// Columns is the width of the terminal.
const Columns = 110

// Run runs a shell command in a terminal, with the program script of util-linux, and returns what it prints. Standard
// input is closed.
func Run(ctx context.Context, env []string, command string) ([]byte, error) {
	cmd := exec.CommandContext(ctx, "script", "--quiet", "--return", "--command", fmt.Sprintf("stty cols %d rows 50; %s", Columns, command), "/dev/null")
	if _, err := exec.LookPath("script"); err != nil {
		cmd = exec.CommandContext(ctx, "sh", "-c", command) // without colours
	}
	cmd.Env = append(os.Environ(), append(env, "TERM=xterm", "SHELL=/bin/sh")...)
	out, err := cmd.CombinedOutput()
	if err != nil {
		return out, fmt.Errorf("%s: %w: %s", command, err, out)
	}
	return out, nil
}

const (
	lineHeight = 18
	advance    = 8.0 // of a character
	margin     = 16
)

// style contains the colours of text, background, and package terminal.
const style = `svg { background: #fff } text { font: 13px ui-monospace, "DejaVu Sans Mono", Menlo, Consolas, monospace; fill: #1f2328; white-space: pre }
rect { fill: #f6f8fa } .b { font-weight: bold } .f { fill: #656d76 } .g { fill: #1a7f37 } .r { fill: #cf222e } .y { fill: #9a6700 }
@media (prefers-color-scheme: dark) { svg { background: #0d1117 } text { fill: #e6edf3 } rect { fill: #161b22 } .f { fill: #8d96a0 } .g { fill: #3fb950 } .r { fill: #f85149 } .y { fill: #d29922 } }`

// classes maps the codes that package terminal uses (ECMA-48, Select Graphic Rendition) to classes of the style.
var classes = map[string]string{"1": "b", "2": "f", "31": "r", "32": "g", "33": "y"}

// SVG draws a command and its output. Long lines wrap, as in a terminal.
func SVG(command string, output []byte) []byte {
	text := "\x1b[2m$\x1b[0m \x1b[1m" + command + "\x1b[0m\n" + string(output)
	var body bytes.Buffer
	class, row := "", 0
	for line := range strings.SplitSeq(strings.TrimSpace(strings.ReplaceAll(text, "\r\n", "\n")), "\n") {
		column := 0
		for _, part := range parts(line) {
			if part.code != "" {
				class = classes[part.code]
				continue
			}
			for rest := []rune(part.text); len(rest) > 0; {
				if column == Columns {
					row, column = row+1, 0
				}
				n := min(len(rest), Columns-column)
				draw(&body, row, column, class, rest[:n])
				column, rest = column+n, rest[n:]
			}
		}
		row++
	}
	var b bytes.Buffer
	fmt.Fprintf(&b, "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"%.0f\" height=\"%d\" viewBox=\"0 0 %[1]g %[2]d\">\n<title>%s</title>\n<style>%s</style>\n<rect width=\"100%%\" height=\"100%%\" rx=\"6\"/>\n",
		Columns*advance+2*margin, row*lineHeight+2*margin, html.EscapeString(command), style)
	b.Write(body.Bytes())
	b.WriteString("</svg>\n")
	return b.Bytes()
}

// draw writes text at a place. Its textLength keeps columns aligned in every font.
func draw(b *bytes.Buffer, row, column int, class string, text []rune) {
	if strings.TrimSpace(string(text)) != "" {
		fmt.Fprintf(b, "<text x=\"%g\" y=\"%d\" textLength=\"%g\" class=\"%s\">%s</text>\n",
			margin+float64(column)*advance, margin+lineHeight*row+13, float64(len(text))*advance, class, html.EscapeString(string(text)))
	}
}

// part is text, or the code of a colour.
type part struct{ text, code string }

var escape = regexp.MustCompile(`\x1b\[([0-9;?]*)([a-zA-Z])`)

// parts splits a line at its escape sequences. Other control characters are dropped.
func parts(line string) (list []part) {
	add := func(text string) {
		text = strings.Map(func(r rune) rune {
			if unicode.IsControl(r) {
				return -1
			}
			return r
		}, text)
		if text != "" {
			list = append(list, part{text: text})
		}
	}
	for {
		at := escape.FindStringSubmatchIndex(line)
		if at == nil {
			add(line)
			return list
		}
		add(line[:at[0]])
		if line[at[4]:at[5]] == "m" {
			code := line[at[2]:at[3]]
			if code == "" {
				code = "0"
			}
			list = append(list, part{code: code})
		}
		line = line[at[1]:]
	}
}
