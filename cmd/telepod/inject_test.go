package main

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/telepod/telepod/manifest"
	"github.com/telepod/telepod/test/document"
	"github.com/telepod/telepod/test/golden"
)

// contentHash is in the status of every pod and changes with any part of a profile.
var contentHash = regexp.MustCompile(`"hash(\\?"):\\?"[0-9a-f]{12}`)

// TestInject injects each testdata/inject/CASE.yaml or CASE.json with the arguments in its comment "# args:".
// CASE.want is the expected output; CASE.warnings, if present, the expected standard error.
func TestInject(t *testing.T) {
	for _, file := range golden.Cases(t, "testdata/inject", []string{".yaml", ".json"}, ".want", ".warnings") {
		t.Run(filepath.Base(file), func(t *testing.T) {
			input := read(t, file)
			args := append([]string{"inject", "-f", "-"}, flagsOf(input)...)
			got, warnings := inject(t, input, args...)
			base := strings.TrimSuffix(file, filepath.Ext(file))
			golden.Compare(t, base+".want", contentHash.ReplaceAllString(got, `"hash${1}:${1}…`))
			if file := base + ".warnings"; warnings == "" {
				absent(t, file)
			} else {
				golden.Compare(t, file, warnings)
			}

			again, _ := inject(t, []byte(got), args...)
			if diff := cmp.Diff(got, again); diff != "" {
				t.Errorf("injecting twice differs from once:\n%s", diff)
			}
			diff, _ := inject(t, input, append(args, "-o", "diff")...)
			if diff := cmp.Diff(got, gitApply(t, input, diff)); diff != "" {
				t.Errorf("-o diff applied to the input is not the output:\n%s", diff)
			}
			for _, comment := range comments(input) {
				if !strings.Contains(got, comment) {
					t.Errorf("lost comment %q", comment)
				}
			}
			patches, _ := inject(t, input, append(args, "-o", "patch")...)
			applyPatches(t, input, []byte(got), strings.Split(strings.TrimSpace(patches), "\n"))
		})
	}
}

// gitApply applies a diff with another program.
func gitApply(t *testing.T, input []byte, diff string) string {
	t.Helper()
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "stdin"), input, 0o644); err != nil {
		t.Fatal(err)
	}
	cmd := exec.CommandContext(t.Context(), "git", "apply", "--whitespace=nowarn", "-")
	cmd.Dir, cmd.Stdin = dir, strings.NewReader(diff)
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("git apply: %v: %s\n%s", err, out, diff)
	}
	return string(read(t, filepath.Join(dir, "stdin")))
}

// applyPatches checks that each line of -o patch produces the pod in the output, including unknown fields.
func applyPatches(t *testing.T, input, output []byte, patches []string) {
	t.Helper()
	before, after := pods(t, input), pods(t, output)
	if len(before) != len(patches) || len(after) != len(patches) {
		t.Fatalf("%d patches for %d pods; the output has %d", len(patches), len(before), len(after))
	}
	for i, pod := range before {
		text := strings.ReplaceAll(patches[i], `"path":"`+pod.Path, `"path":"`)
		if pod.Path != "" && text == patches[i] && text != "[]" {
			t.Errorf("patch of %s %s does not start at %s", pod.Kind, pod.Name, pod.Path)
		}
		want := document.Patch(t, pod.JSON, []byte(text))
		if diff := cmp.Diff(document.Decode(t, want), document.Decode(t, after[i].JSON)); diff != "" {
			t.Errorf("%s %s differs from the result of -o patch (-patch +yaml):\n%s", pod.Kind, pod.Name, diff)
		}
	}
}

func TestInjectSeveralFiles(t *testing.T) {
	dir := t.TempDir()
	pod := "apiVersion: v1\nkind: Pod\nmetadata: {name: NAME, annotations: {telepod.dev/inject: \"false\"}}\nspec: {}"
	for name, text := range map[string]string{
		"a.yaml":     strings.ReplaceAll(pod, "NAME", "a"),
		"b.yml":      "--- # marked\n" + strings.ReplaceAll(pod, "NAME", "b") + "\n",
		"c.yaml":     "%YAML 1.1\n---\n" + strings.ReplaceAll(pod, "NAME", "c"),
		"d.json":     `{"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "d"}, "spec": {}}`,
		"README.txt": "not read",
	} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	got, _ := inject(t, nil, "inject", "-f", dir, "-f", filepath.Join(dir, "a.yaml"), "--assume-opted-in=false")
	var names []string
	for _, pod := range pods(t, []byte(got)) {
		names = append(names, pod.Name)
	}
	if diff := cmp.Diff([]string{"a", "b", "c", "d", "a"}, names); diff != "" {
		t.Errorf("pods (-want +got):\n%s\n%s", diff, got)
	}
}

// FuzzInject: nothing panics, and everything that is not injected is printed byte for byte.
func FuzzInject(f *testing.F) {
	for _, file := range golden.Cases(f, "testdata/inject", []string{".yaml", ".json"}) {
		f.Add(read(f, file))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		var out, stderr bytes.Buffer
		code := run([]string{"inject", "-f", "-"}, streams{bytes.NewReader(data), &out, &stderr})
		switch {
		case code == exitUsage:
			t.Fatalf("exit code %d: %s", code, &stderr)
		case code == exitError && out.Len() > 0:
			t.Fatalf("an error, and output: %s", &stderr)
		}
		out.Reset()
		code = run([]string{"inject", "-f", "-", "--protected-namespaces", "default"}, streams{bytes.NewReader(data), &out, &stderr})
		if code == exitOK && !bytes.Contains(data, []byte("namespace")) && !bytes.Equal(out.Bytes(), data) {
			t.Fatalf("changed: %s", cmp.Diff(string(data), out.String()))
		}
	})
}

func inject(t *testing.T, stdin []byte, args ...string) (stdout, stderr string) {
	t.Helper()
	var out, err bytes.Buffer
	if code := run(args, streams{bytes.NewReader(stdin), &out, &err}); code != exitOK {
		t.Fatalf("telepod %s: exit code %d: %s", strings.Join(args, " "), code, &err)
	}
	return out.String(), err.String()
}

// flagsOf returns the flags in a fixture's comment.
func flagsOf(input []byte) []string {
	for line := range strings.Lines(string(input)) {
		if args, ok := strings.CutPrefix(line, "# args: "); ok {
			return strings.Fields(args)
		}
	}
	return nil
}

func pods(t *testing.T, stream []byte) []*manifest.Pod {
	t.Helper()
	m, err := manifest.Parse("stream", stream)
	if err != nil {
		t.Fatalf("%v\n%s", err, stream)
	}
	return m.Pods()
}

func comments(input []byte) []string {
	var list []string
	for line := range strings.Lines(string(input)) {
		if _, comment, ok := strings.Cut(" "+line, " # "); ok {
			list = append(list, "# "+strings.TrimSpace(comment))
		}
	}
	return list
}

// absent checks that no golden file exists, because it would be empty.
func absent(t *testing.T, file string) {
	t.Helper()
	if *golden.Update {
		_ = os.Remove(file)
	}
	if _, err := os.Stat(file); err == nil {
		t.Errorf("%s: nothing was printed; -update removes it", file)
	}
}

func read(t testing.TB, file string) []byte {
	t.Helper()
	return golden.Read(t, file)
}
