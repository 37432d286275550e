package corpus

import (
	"bytes"
	"encoding/json"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/telepod/telepod/injector"
	"github.com/telepod/telepod/manifest"
	"github.com/telepod/telepod/profiles"
	"github.com/telepod/telepod/test/document"
)

// minInjected is the minimum number of injected pods in the corpus, so the test cannot pass without testing anything.
const minInjected = 2500

// counts are a module's totals.
type counts struct{ files, unreadable, pods, refused, injected, removed int }

func (c *counts) add(d counts) {
	c.files += d.files
	c.unreadable += d.unreadable
	c.pods += d.pods
	c.refused += d.refused
	c.injected += d.injected
	c.removed += d.removed
}

// TestCorpus checks these properties with every manifest: nothing panics. The patch, the typed pod and the YAML agree.
// Unknown fields and everything that the user wrote survive. A second injection changes nothing. No pod is rejected that
// the API's types or an API server's dry run accept. The diff is minimal and produces the YAML.
func TestCorpus(t *testing.T) {
	if testing.Short() {
		t.Skip("downloads modules")
	}
	set, err := profiles.Load(profiles.Facts{Identity: profiles.Identity{Region: "us-east-1", Account: "123456789012", Cluster: "corpus", Environment: "test"}})
	if err != nil {
		t.Fatal(err)
	}
	in, err := injector.New(set, injector.Options{DefaultProfile: "aws", Cluster: injector.Cluster{NativeSidecars: true, TopologyLabels: true}})
	if err != nil {
		t.Fatal(err)
	}
	var total counts
	var lock sync.Mutex
	var admitted admissions
	t.Run("modules", func(t *testing.T) {
		for _, m := range modules(t) {
			t.Run(m.path, func(t *testing.T) {
				t.Parallel()
				var c counts
				for _, file := range candidates(t, m.dir(t)) {
					c.add(checkFile(t, in, file, &admitted))
				}
				t.Logf("%+v", c)
				lock.Lock()
				defer lock.Unlock()
				total.add(c)
			})
		}
	})
	t.Logf("total: %+v", total)
	if total.injected < minInjected {
		t.Errorf("%d pods injected, want at least %d", total.injected, minInjected)
	}
	t.Run("API server", admitted.checkAgainstAPIServer)
}

type module struct{ path, version, sum string }

func modules(t *testing.T) []module {
	t.Helper()
	text, err := os.ReadFile("modules.txt")
	if err != nil {
		t.Fatal(err)
	}
	var list []module
	for line := range strings.Lines(string(text)) {
		fields := strings.Fields(line)
		if strings.HasPrefix(line, "#") || len(fields) == 0 {
			continue
		}
		path, version, _ := strings.Cut(fields[0], "@")
		list = append(list, module{path, version, fields[1]})
	}
	return list
}

// dir is the module's directory, downloaded if necessary.
func (m module) dir(t *testing.T) string {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), "go", "mod", "download", "-json", m.path+"@"+m.version)
	cmd.Dir = t.TempDir() // outside every module
	cmd.Env = append(os.Environ(), "GOFLAGS=", "GOWORK=off")
	out, err := cmd.Output()
	var got struct{ Dir, Sum, Error string }
	if json.Unmarshal(out, &got) != nil || got.Error != "" || err != nil {
		t.Fatalf("download %s: %v %s", m.path, err, got.Error)
	}
	if got.Sum != m.sum {
		t.Fatalf("%s has the checksum %s, want %s", m.path, got.Sum, m.sum)
	}
	return got.Dir
}

type file struct {
	name string
	data []byte
}

var podLike = regexp.MustCompile(`["']?containers["']?\s*:`)

// candidates are the files that may contain pods.
func candidates(t *testing.T, dir string) []file {
	t.Helper()
	var files []file
	err := filepath.WalkDir(dir, func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() || !slices.Contains([]string{".yaml", ".yml", ".json", ".injected", ".golden"}, filepath.Ext(path)) {
			return err
		}
		data, err := os.ReadFile(path)
		if err == nil && bytes.Contains(data, []byte("containers")) && podLike.Match(data) {
			name, _ := filepath.Rel(dir, path)
			files = append(files, file{name, data})
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return files
}

// checkFile injects a file's pods. A file that cannot be parsed (a template, a broken example) is only counted.
func checkFile(t *testing.T, in *injector.Injector, f file, admitted *admissions) counts {
	t.Helper()
	c := counts{files: 1}
	m, err := manifest.Parse(f.name, slices.Clone(f.data))
	if err != nil {
		c.unreadable++
		return c
	}
	patched := map[int][]byte{}
	for i, object := range m.Pods() {
		c.pods++
		pod, err := injector.ParsePod(object.JSON)
		if err != nil {
			c.refused++
			if typed(object.JSON) == nil {
				t.Errorf("%s:%d: rejected, but the API's types accept it: %v", f.name, object.Line, err)
			}
			return c // telepod inject prints nothing in this case
		}
		plan := in.Plan(injector.Request{Pod: pod, Namespace: injector.Namespace{Name: "corpus", Labels: map[string]string{injector.InjectionLabel: "enabled"}}})
		if plan.Decision.Inject {
			c.injected++
		}
		checkPlan(t, in, f.name, object, plan)
		patched[i] = document.Patch(t, object.JSON, plan.AppendPatch(nil, ""))
		if plan.Decision.Inject {
			admitted.add(f.name, object.Line, object.JSON, patched[i])
		}
		if patch := plan.AppendPatch(nil, object.Pointer); patch != nil {
			if err := object.Patch(patch); err != nil {
				t.Errorf("%s: %v", f.name, err)
			}
		}
	}
	out, err := m.Bytes()
	if err != nil {
		t.Errorf("%s: %v", f.name, err)
		return c
	}
	c.removed = checkDiff(t, f, m, out)
	again, err := manifest.Parse(f.name, out)
	if err != nil {
		t.Errorf("%s: its output cannot be parsed: %v", f.name, err)
		return c
	}
	for i, object := range again.Pods() {
		if !same(t, patched[i], object.JSON) {
			t.Errorf("%s:%d: the patched pod differs from the pod in the output", f.name, object.Line)
		}
		checkIdempotent(t, in, f.name, object)
	}
	if len(again.Pods()) != len(m.Pods()) {
		t.Errorf("%s: %d pods became %d", f.name, len(m.Pods()), len(again.Pods()))
	}
	return c
}

// checkIdempotent checks that injecting a pod again changes nothing.
func checkIdempotent(t *testing.T, in *injector.Injector, name string, object *manifest.Pod) {
	t.Helper()
	pod, err := injector.ParsePod(object.JSON)
	if err != nil {
		t.Errorf("%s: an injected pod cannot be parsed: %v", name, err)
		return
	}
	plan := in.Plan(injector.Request{Pod: pod, Namespace: injector.Namespace{Name: "corpus", Labels: map[string]string{injector.InjectionLabel: "enabled"}}})
	if len(plan.Edits) > 0 {
		t.Errorf("%s:%d: a second injection changes the pod", name, object.Line)
	}
}

func same(t *testing.T, a, b []byte) bool {
	t.Helper()
	x, err := json.Marshal(document.Decode(t, a))
	if err != nil {
		t.Fatal(err)
	}
	y, err := json.Marshal(document.Decode(t, b))
	if err != nil {
		t.Fatal(err)
	}
	return bytes.Equal(x, y)
}
