package manifest_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"path/filepath"
	"strings"
	"testing"

	"github.com/aymanbagabas/go-udiff"
	"github.com/google/go-cmp/cmp"

	"github.com/telepod/telepod/manifest"
	"github.com/telepod/telepod/test/document"
	"github.com/telepod/telepod/test/golden"
)

// TestPatch patches the pods of each testdata/CASE.yaml or CASE.json and compares the text with CASE.want. The
// value must match the patch, and comments must survive.
func TestPatch(t *testing.T) {
	for _, file := range golden.Cases(t, "testdata", []string{".yaml", ".json"}, ".want") {
		t.Run(filepath.Base(file), func(t *testing.T) {
			input := golden.Read(t, file)
			m := parse(t, input)
			want := map[string][]byte{}
			for _, pod := range m.Pods() {
				patch := patchOf(t, pod)
				if err := pod.Patch(patch); err != nil {
					t.Fatal(err)
				}
				want[pod.Name] = apply(t, pod, patch)
			}
			got, err := m.Bytes()
			if err != nil {
				t.Fatal(err)
			}
			for _, pod := range parse(t, got).Pods() {
				if diff := cmp.Diff(document.Decode(t, want[pod.Name]), document.Decode(t, pod.JSON)); diff != "" {
					t.Errorf("%s differs from the patched one (-want +got):\n%s", pod.Name, diff)
				}
			}
			for _, comment := range comments(input) {
				if !bytes.Contains(got, []byte(comment)) {
					t.Errorf("lost comment %q", comment)
				}
			}
			fewestRemoved(t, input, got, m)
			golden.Compare(t, strings.TrimSuffix(file, filepath.Ext(file))+".want", string(got))
		})
	}
}

// TestUntouched: a stream without patches is written unchanged.
func TestUntouched(t *testing.T) {
	for _, file := range golden.Cases(t, "testdata", []string{".yaml", ".json"}, ".want") {
		input := golden.Read(t, file)
		got, err := parse(t, input).Bytes()
		if err != nil || !bytes.Equal(got, input) {
			t.Errorf("%s: changed without a patch: %v\n%s", file, err, cmp.Diff(string(input), string(got)))
		}
	}
}

// fewestRemoved checks that the edits remove the minimum of lines: those outside the longest common
// subsequence. Documents with aliases are rewritten, and JSON moves commas.
func fewestRemoved(t *testing.T, before, after []byte, m *manifest.Manifest) {
	t.Helper()
	if bytes.Contains(before, []byte("*")) || json.Valid(before) {
		return
	}
	edits, err := m.Edits()
	if err != nil {
		t.Fatal(err)
	}
	var list []udiff.Edit
	for _, e := range edits {
		list = append(list, udiff.Edit{Start: e.Start, End: e.End, New: e.New})
	}
	diff, err := udiff.ToUnified("a", "b", string(before), list, 0)
	if err != nil {
		t.Fatal(err)
	}
	removed := strings.Count(diff, "\n-") // the header precedes the first
	if fewest := len(lines(before)) - document.CommonLines(lines(before), lines(after)); removed > fewest {
		t.Errorf("the edits remove %d lines; the minimum is %d:\n%s", removed, fewest, diff)
	}
}

func lines(text []byte) []string { return strings.SplitAfter(string(text), "\n") }

// patchOf returns a patch like an injector's: a variable before those of every container, one changed value, an
// init container at the front, an annotation.
func patchOf(t *testing.T, pod *manifest.Pod) []byte {
	t.Helper()
	var p struct {
		Metadata *struct{ Annotations map[string]string }
		Spec     struct {
			Containers []struct {
				Env []struct{ Name, Value string }
			}
			InitContainers []any
		}
	}
	if json.Unmarshal(pod.JSON, &p) != nil {
		return []byte("[]") // not a pod; fuzzing generates these
	}
	var operations []map[string]any
	add := func(path string, value any) {
		operations = append(operations, map[string]any{"op": "add", "path": pod.Pointer + path, "value": value})
	}
	first := map[string]string{"name": "FIRST", "value": "yes"}
	second := map[string]any{"name": "SECOND", "valueFrom": map[string]any{"fieldRef": map[string]string{"fieldPath": "metadata.name"}}}
	for i, c := range p.Spec.Containers {
		path := fmt.Sprintf("/spec/containers/%d/env", i)
		if c.Env == nil {
			add(path, []any{first, second})
			continue
		}
		add(path+"/0", first)
		add(path+"/1", second)
		for j, v := range c.Env {
			if v.Name == "CHANGE" {
				add(fmt.Sprintf("%s/%d/value", path, j+2), "it's \"changed\", "+v.Value)
			}
		}
		add(path+"/-", map[string]string{"name": "LAST", "value": "1"})
	}
	sidecar := map[string]any{"name": "sidecar", "args": []string{"--config", "a: b"}, "env": []any{map[string]string{"name": "CONFIG", "value": "a:\n  b: {}\n\n  c: 'd'\n"}}}
	if p.Spec.InitContainers == nil {
		add("/spec/initContainers", []any{sidecar})
	} else {
		add("/spec/initContainers/0", sidecar)
	}
	switch status := map[string]string{"telepod.dev/status": `{"a":"b"}`}; {
	case p.Metadata == nil:
		add("/metadata", map[string]any{"annotations": status})
	case p.Metadata.Annotations == nil:
		add("/metadata/annotations", status)
	default:
		add("/metadata/annotations/telepod.dev~1status", status["telepod.dev/status"])
	}
	patch, err := json.Marshal(operations)
	if err != nil {
		t.Fatal(err)
	}
	return patch
}

// apply patches the pod's JSON with the library, independently of the text.
func apply(t *testing.T, pod *manifest.Pod, patch []byte) []byte {
	t.Helper()
	return document.Patch(t, pod.JSON, bytes.ReplaceAll(patch, []byte(`"path":"`+pod.Pointer), []byte(`"path":"`)))
}

// comments returns the comments of a fixture; no fixture has " #" within a value.
func comments(input []byte) []string {
	var list []string
	for line := range strings.Lines(string(input)) {
		if _, comment, ok := strings.Cut(" "+line, " #"); ok {
			list = append(list, "#"+strings.TrimSpace("x" + comment)[1:])
		}
	}
	return list
}

func parse(t *testing.T, input []byte) *manifest.Manifest {
	t.Helper()
	m, err := manifest.Parse("input", input)
	if err != nil {
		t.Fatalf("%v\n%s", err, input)
	}
	return m
}
