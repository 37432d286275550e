package main

import (
	"cmp"
	"errors"
	"fmt"
	"maps"
	"path/filepath"
	"slices"

	"github.com/spf13/cobra"
	apiversion "k8s.io/apimachinery/pkg/util/version"

	"github.com/telepod/telepod/injector"
	"github.com/telepod/telepod/manifest"
	"github.com/telepod/telepod/profiles"
)

// offlineFlags replace what a cluster would provide: its facts, profiles and capabilities.
type offlineFlags struct {
	files             []string
	facts             profiles.Facts
	profile           string
	profilesDir       string
	kubernetesVersion string
	nodeIPFamily      *choice
	namespace         string
	assumeOptedIn     bool
	injectByDefault   bool
	protected         []string
	strict            bool
}

func (f *offlineFlags) register(cmd *cobra.Command) {
	flags := cmd.Flags()
	flags.StringArrayVarP(&f.files, "filename", "f", nil, "file or directory of manifests, - for standard input; same as an argument")
	flags.StringVar(&f.profile, "profile", "base", "profile of pods without the annotation telepod.dev/profile")
	flags.StringVar(&f.profilesDir, "profiles-dir", "", "directory with more profiles")
	registerFacts(flags, &f.facts)
	flags.StringVar(&f.kubernetesVersion, "kubernetes-version", "1.36", "version of the cluster: native sidecars need 1.29, zones in variables need 1.35")
	f.nodeIPFamily = choiceFlag(cmd, "node-ip-family", "", "ipv4", "ipv6")
	flags.StringVarP(&f.namespace, "namespace", "n", "default", "namespace of objects without one")
	flags.BoolVar(&f.assumeOptedIn, "assume-opted-in", true, "assume that namespaces are labelled telepod.dev/injection=enabled unless the manifests opt out")
	flags.BoolVar(&f.injectByDefault, "inject-by-default", false, "inject pods if neither pod nor namespace opts in or out")
	flags.StringSliceVar(&f.protected, "protected-namespaces", []string{"kube-system"}, "namespaces that are never injected")
	flags.BoolVar(&f.strict, "strict", false, "treat warnings as errors")
	completeFlag(cmd, "profile", func(*cobra.Command) []string { return profileNames(f.profilesDir) })
}

// injector builds an injector like the webhook's in the described cluster.
func (f *offlineFlags) injector(cmd *cobra.Command) (*injector.Injector, error) {
	if len(f.files) == 0 {
		return nil, wrongUsage(cmd, "no input: specify a file, a directory, or - for standard input")
	}
	v, err := apiversion.ParseGeneric(f.kubernetesVersion)
	if err != nil {
		return nil, wrongUsage(cmd, "--kubernetes-version=%q: use a version such as 1.36", f.kubernetesVersion)
	}
	set, err := loadProfiles(withEnvironment(f.facts), f.profilesDir)
	if err != nil {
		return nil, err
	}
	if _, ok := set.Lookup(f.profile); !ok {
		return nil, wrongUsage(cmd, "--profile=%q: no such profile%s; 'telepod profiles list' shows all", f.profile, profileHint(f.profile, set.Names()))
	}
	capabilities := injector.Capabilities{NativeSidecars: injector.Auto, TopologyLabels: injector.Auto, NodeIPv6: f.nodeIPFamily.value == "ipv6"}
	return injector.New(set, injector.Options{
		Policy:         injector.Policy{InjectByDefault: f.injectByDefault, ProtectedNamespaces: f.protected},
		Cluster:        capabilities.Cluster(v),
		DefaultProfile: f.profile,
		Strict:         f.strict,
	})
}

// read reads the manifests in flags and arguments, and plans their pods.
func (f *offlineFlags) read(cmd *cobra.Command, args []string) ([]input, []planned, error) {
	f.files = append(f.files, args...)
	in, err := f.injector(cmd)
	if err != nil {
		return nil, nil, err
	}
	inputs, notes, err := readInputs(cmd.InOrStdin(), f.files)
	if err != nil {
		return nil, nil, err
	}
	inputs, list, more, err := f.plan(in, inputs)
	if err != nil {
		return nil, nil, err
	}
	for _, text := range append(notes, more...) {
		fmt.Fprintln(cmd.ErrOrStderr(), "note:", text)
	}
	return inputs, list, nil
}

// planned is a pod of a manifest and what happens to it.
type planned struct {
	*manifest.Pod
	Namespace string
	Plan      *injector.Plan
	// Assumed is true if the namespace is only assumed to be labelled.
	Assumed bool
}

// String identifies the object in messages.
func (p planned) String() string {
	return fmt.Sprintf("%s:%d: %s %s/%s", p.File, p.Line, p.Kind, p.Namespace, cmp.Or(p.Name, "(no name yet)"))
}

// reason describes why the pod is injected or not.
func (p planned) reason() string {
	if p.Assumed {
		return "assumed that the namespace opts in (label " + injector.InjectionLabel + ": enabled)"
	}
	return p.Plan.Decision.Reason.Text()
}

// messages returns the warnings that the webhook would return; containers that send nothing come first.
func (p planned) messages() []string { return slices.Concat(p.problems()) }

// problems returns the same, but separates the containers that send nothing.
func (p planned) problems() (silent, others []string) {
	for i, s := range p.Plan.Remarks() {
		text := fmt.Sprintf("%s: %s", s.Reason, s.Sentence())
		if i < len(p.Plan.Silent) {
			silent = append(silent, text)
		} else {
			others = append(others, text)
		}
	}
	for _, w := range p.Plan.Warnings {
		others = append(others, w.String())
	}
	return silent, others
}

// plan plans every pod of the inputs, using the Namespace objects among them. It returns the inputs
// without files of a directory that turn out to be templates, which the notes list.
func (f *offlineFlags) plan(in *injector.Injector, inputs []input) (kept []input, list []planned, notes []string, err error) {
	known := f.surroundings(inputs)
	for _, input := range inputs {
		plans, err := f.planInput(in, input, known)
		err = input.judge(err)
		if other, ok := errors.AsType[notManifests](err); ok && input.listed {
			notes = append(notes, other.Error()+"; left out")
			continue
		}
		if err != nil {
			return nil, nil, nil, err
		}
		kept, list = append(kept, input), append(list, plans...)
	}
	return kept, list, notes, nil
}

// surroundings are the manifests other than pods.
type surroundings struct {
	namespaces map[string]injector.Namespace
	configMaps map[[2]string][]string // keys by namespace and name
}

func (f *offlineFlags) surroundings(inputs []input) surroundings {
	s := surroundings{map[string]injector.Namespace{}, map[[2]string][]string{}}
	for _, input := range inputs {
		for _, ns := range input.Namespaces() {
			s.namespaces[ns.Name] = injector.Namespace{Name: ns.Name, Labels: maps.Clone(ns.Labels), Annotations: ns.Annotations}
		}
		for _, c := range input.ConfigMaps() {
			s.configMaps[[2]string{cmp.Or(c.Namespace, f.namespace), c.Name}] = c.Keys
		}
	}
	return s
}

// keys returns the keys of a ConfigMap among the manifests.
func (s surroundings) keys(namespace, name string) (keys []string, known bool) {
	keys, known = s.configMaps[[2]string{namespace, name}]
	return keys, known
}

func (f *offlineFlags) planInput(in *injector.Injector, input input, known surroundings) ([]planned, error) {
	var list []planned
	for _, object := range input.Pods() {
		p := planned{Pod: object, Namespace: cmp.Or(object.Namespace, f.namespace)}
		pod, err := injector.ParsePod(object.JSON)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", p, err)
		}
		request := f.request(p, pod, known.namespaces[p.Namespace])
		request.ConfigMapKeys = known.keys
		p.Plan = in.Plan(request)
		_, says := known.namespaces[p.Namespace].Labels[injector.InjectionLabel]
		p.Assumed = !says && p.Plan.Decision.Reason == injector.NamespaceEnabled
		list = append(list, p)
	}
	return list, nil
}

func (f *offlineFlags) request(p planned, pod *injector.Pod, ns injector.Namespace) injector.Request {
	ns.Name = p.Namespace
	if _, says := ns.Labels[injector.InjectionLabel]; f.assumeOptedIn && !says {
		labels := map[string]string{injector.InjectionLabel: "enabled"}
		maps.Copy(labels, ns.Labels)
		ns.Labels = labels
	}
	r := injector.Request{Pod: pod, Namespace: ns}
	if p.Kind != "Pod" {
		// The name in a template is not the name of its pods.
		pod.Metadata.Name = ""
		r.Owners = owners(p.Pod)
	}
	return r
}

// owners returns only the workload: objects between it and its pods (a ReplicaSet, a CronJob's Job) have no names yet.
func owners(p *manifest.Pod) []injector.Workload {
	switch p.Kind {
	case "Deployment", "ReplicaSet", "StatefulSet", "DaemonSet", "Job", "CronJob", "Rollout":
		if p.Name != "" {
			return []injector.Workload{{Kind: p.Kind, Name: p.Name}}
		}
	}
	return []injector.Workload{}
}

// warn prints the warnings of the plans and returns how many there are.
func warn(cmd *cobra.Command, list []planned, severity string) int {
	n := 0
	for _, p := range list {
		for _, text := range p.messages() {
			fmt.Fprintf(cmd.ErrOrStderr(), "%s: %s: %s\n", p, severity, text)
			n++
		}
	}
	return n
}

// judgeStrictly turns warnings into errors if the flag is set.
func (f *offlineFlags) judgeStrictly(cmd *cobra.Command, list []planned) error {
	if !f.strict {
		warn(cmd, list, "warning")
		return nil
	}
	if n := warn(cmd, list, "error"); n > 0 {
		return fmt.Errorf("strict: %d warning(s) count as errors: correct what they name", n)
	}
	return nil
}

// loadProfiles loads the built-in profiles and those of a directory, if it is set.
func loadProfiles(facts profiles.Facts, dir string) (*profiles.Set, error) {
	if dir == "" {
		return profiles.Load(facts)
	}
	sources, err := readProfiles(dir)
	if err != nil {
		return nil, err
	}
	return profiles.Load(facts, sources...)
}

// readProfiles reads a directory. Sources are named after their files, so that errors point to them.
func readProfiles(dir string) ([]profiles.Source, error) {
	sources, err := profiles.ReadDir(dir)
	for i := range sources {
		sources[i].Name = filepath.Join(dir, sources[i].Name)
	}
	return sources, err
}

// profileNames returns names for completion, which cannot show errors.
func profileNames(dir string) []string {
	set, err := loadProfiles(profiles.Facts{}, dir)
	if err != nil {
		return nil
	}
	return set.Names()
}
