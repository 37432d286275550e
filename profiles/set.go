package profiles

import (
	"cmp"
	"crypto/sha256"
	"embed"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/telepod/telepod/strict"
)

//go:embed builtin/*.yaml
var builtin embed.FS

// Source is a file of profiles: YAML documents, one profile each, or JSON.
type Source struct {
	// Name identifies the file in errors.
	Name string
	Data []byte
}

// Resolved is a profile with everything that it inherits and the cluster's facts filled in.
type Resolved struct {
	Profile
	// Hash is 12 hexadecimal digits that change when anything that can reach a pod does.
	Hash string `json:"hash"`
	// Lineage is the profile's own name, its parent's, and so on.
	Lineage []string `json:"lineage"`
	// Source is the name of the Source that contains the profile.
	Source string `json:"source"`
}

// Set is an immutable collection of resolved profiles, safe for concurrent use. Callers must not modify the
// profiles that it returns.
type Set struct {
	profiles map[string]*Resolved
}

// Lookup finds a profile by its name.
func (s *Set) Lookup(name string) (*Resolved, bool) {
	r, ok := s.profiles[name]
	return r, ok
}

// Names lists the profiles in alphabetical order.
func (s *Set) Names() []string {
	return slices.Sorted(maps.Keys(s.profiles))
}

// Nearest returns the profile name that was probably meant.
func (s *Set) Nearest(name string) (string, bool) {
	return Nearest(name, s.Names())
}

// Builtin returns the embedded profiles, without facts.
func Builtin() (*Set, error) {
	return Load(Facts{})
}

// Load reads, checks and resolves the embedded profiles and those of the sources, in any order.
// The error is of type Problems and lists every mistake in every source; the Set is then nil.
func Load(facts Facts, sources ...Source) (*Set, error) {
	documents, problems := embedded()
	sources = slices.SortedFunc(slices.Values(sources), func(a, b Source) int {
		return cmp.Or(cmp.Compare(a.Name, b.Name), slices.Compare(a.Data, b.Data))
	})
	for _, source := range sources {
		parsed, syntax := parse(source)
		documents = append(documents, parsed...)
		problems = append(problems, syntax...)
	}
	problems = append(problems, checkFacts(facts)...)
	for _, d := range documents {
		d.check()
	}
	resolved := newResolver(documents, facts).all()
	for _, d := range documents {
		problems = append(problems, d.problems()...)
	}
	if len(problems) > 0 {
		return nil, problems.sorted()
	}
	return &Set{profiles: resolved}, nil
}

func embedded() ([]*document, Problems) {
	files, err := builtin.ReadDir("builtin")
	if err != nil {
		return nil, Problems{{File: "builtin", Message: err.Error()}}
	}
	var documents []*document
	var problems Problems
	for _, file := range files {
		name := "builtin/" + file.Name()
		data, err := builtin.ReadFile(name)
		if err != nil {
			problems = append(problems, Problem{File: name, Message: err.Error()})
			continue
		}
		parsed, syntax := parse(Source{Name: name, Data: data})
		for _, d := range parsed {
			d.builtin = true
		}
		documents, problems = append(documents, parsed...), append(problems, syntax...)
	}
	return documents, problems
}

// checkFacts reports control characters, which an environment variable cannot contain, and invalid endpoints, hosts,
// ports, images and Secret names.
func checkFacts(facts Facts) Problems {
	d := &document{file: "facts", Profile: Profile{
		OTLP:    OTLP{Endpoint: facts.Endpoint, ServiceHost: facts.ServiceHost, ClusterServiceHost: facts.ClusterServiceHost},
		Sidecar: Sidecar{Image: facts.SidecarImage, ImagePullSecrets: facts.SidecarPullSecrets},
	}}
	d.checkOTLP()
	d.checkSidecarImage()
	problems := Problems(d.problems())
	for field, port := range map[string]int32{"grpcPort": facts.GRPCPort, "httpPort": facts.HTTPPort} {
		if port < 0 || port > 65535 {
			problems = append(problems, Problem{File: "facts", Path: field, Message: fmt.Sprintf("%d is not a port: use 1 to 65535", port)})
		}
	}
	for field, value := range map[string]string{
		"region": facts.Region, "account": facts.Account,
		"cluster": facts.Cluster, "environment": facts.Environment,
	} {
		if r, ok := strict.ControlCharacter(value); ok {
			problems = append(problems, Problem{File: "facts", Path: field,
				Message: fmt.Sprintf("contains the control character %U: remove it", r)})
		}
	}
	return problems
}

// ReadDir reads the profiles of a directory: its files *.yaml, *.yml and *.json. It follows links and skips
// names that start with a dot. From a mounted ConfigMap it reads one generation, even while the kubelet
// replaces it with the next one.
func ReadDir(dir string) ([]Source, error) {
	// The kubelet links every file through ..data, which it replaces as a whole.
	root, err := filepath.EvalSymlinks(filepath.Join(dir, "..data"))
	if err != nil {
		root = dir
	}
	entries, err := os.ReadDir(root)
	if err != nil {
		return nil, fmt.Errorf("read profiles directory %s: %w", dir, err)
	}
	var sources []Source
	for _, entry := range entries {
		name, path := entry.Name(), filepath.Join(root, entry.Name())
		if strings.HasPrefix(name, ".") || !slices.Contains([]string{".yaml", ".yml", ".json"}, filepath.Ext(name)) {
			continue
		}
		info, err := os.Stat(path)
		if err == nil && info.IsDir() {
			continue
		}
		data, err := os.ReadFile(path)
		if err != nil {
			return nil, fmt.Errorf("read profiles directory %s: %w", dir, err)
		}
		sources = append(sources, Source{Name: name, Data: data})
	}
	return sources, nil
}

// hash includes the name, because pods contain it. It ignores the description and the parent's name.
func hash(p Profile) (string, error) {
	p.Description, p.Inherits = "", ""
	data, err := json.Marshal(p)
	if err != nil {
		return "", err
	}
	sum := sha256.Sum256(data)
	return hex.EncodeToString(sum[:6]), nil
}
