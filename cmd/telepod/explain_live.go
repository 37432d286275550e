//go:build !injector

package main

import (
	"cmp"
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"
	apiversion "k8s.io/apimachinery/pkg/util/version"

	"github.com/telepod/telepod/fleet"
	"github.com/telepod/telepod/fleet/inventory"
	"github.com/telepod/telepod/fleet/route"
	"github.com/telepod/telepod/injector"
	"github.com/telepod/telepod/manifest"
	"github.com/telepod/telepod/profiles"
)

// target returns the object in a cluster that the arguments select; live is false if they are files. The kind is as
// typed, such as deploy.
func (f *explainFlags) target(cmd *cobra.Command, args []string) (id fleet.Identity, live bool, err error) {
	if len(f.files) == 0 && !slices.ContainsFunc(args, isFile) {
		switch len(args) {
		case 1:
			id.Kind, id.Name, _ = strings.Cut(args[0], "/")
		case 2:
			id.Kind, id.Name = args[0], args[1]
		}
	}
	_, known := inventory.Kind(id.Kind)
	if len(f.files) == 0 && len(args) > 0 && !slices.ContainsFunc(args, isFile) && !slices.ContainsFunc(args, looksLikeFile) {
		if err := notWorkload(cmd, id, known, args); err != nil {
			return id, false, err
		}
	}
	if live = known && id.Name != "" && !strings.Contains(id.Name, "/"); !live {
		return id, false, f.misplaced(cmd, "is only for a cluster: specify a workload as TYPE/NAME, such as deployment/web"+profiles.DidYouMean(id.Kind, inventory.Kinds()), "context", "kubeconfig", "release", "telepod-namespace", "timeout", "site-contexts")
	}
	return id, true, f.misplaced(cmd, "is only for manifests: in a cluster, the labels are known", "assume-opted-in")
}

// isFile reports whether an argument is a readable path: anything else may be an object in a cluster.
func isFile(argument string) bool {
	_, err := os.Stat(argument)
	return argument == standardInput || err == nil
}

// looksLikeFile reports whether an argument is meant as a file or a URL, even if it does not exist.
func looksLikeFile(argument string) bool {
	return filepath.Ext(argument) != "" || strings.HasPrefix(argument, "/") || strings.HasPrefix(argument, ".") || strings.Count(argument, "/") > 1
}

// notWorkload returns a usage error for arguments that are neither files nor a workload: TYPE/NAME or TYPE NAME.
func notWorkload(cmd *cobra.Command, id fleet.Identity, known bool, args []string) error {
	const use = "use TYPE/NAME, such as deployment/web"
	switch {
	case len(args) > 2:
		return nil // files
	case known && id.Name == "":
		return wrongUsage(cmd, "%s is a type of workload without a name: %s", strings.TrimSuffix(args[0], "/"), use)
	case known:
		return nil
	case id.Name != "":
		return wrongUsage(cmd, "%s is not a file, and %q is not a type of workload: %s%s", strings.Join(args, " "), id.Kind, use, profiles.DidYouMean(id.Kind, inventory.Kinds()))
	}
	return wrongUsage(cmd, "%s is neither a file nor a workload of a cluster: %s", args[0], use)
}

// misplaced refuses flags that would have no effect.
func (f *explainFlags) misplaced(cmd *cobra.Command, why string, flags ...string) error {
	for _, name := range flags {
		if cmd.Flags().Changed(name) {
			return wrongUsage(cmd, "--%s %s", name, why)
		}
	}
	return nil
}

// liveExplanation is all information about a workload and its pods.
type liveExplanation struct {
	fleet.Workload
	// owner is the object to restart: for example, the Deployment of a ReplicaSet or of a pod.
	owner     fleet.Identity
	context   string
	flags     string // of repair commands
	scale     string // see live
	namespace fleet.Namespace
	findings  []fleet.Finding
	// now is what a new pod would get.
	now     planned
	origins valueOrigins
	// pods are the running pods; route is the path of their telemetry, nil without pods.
	pods  []*fleet.Pod
	route *route.Route
	// unread are the ConfigMaps in envFrom: explain does not read their keys.
	unread []string
}

func (f *explainFlags) explainLive(cmd *cobra.Command, id fleet.Identity) error {
	ctx, cancel := context.WithTimeout(cmd.Context(), f.live.timeout)
	defer cancel()
	l, err := f.live.connect(ctx, cmd, injectorSettings{profile: f.profile, profilesDir: f.profilesDir, facts: f.facts,
		policy: injector.Policy{InjectByDefault: f.injectByDefault, ProtectedNamespaces: f.protected}})
	if err != nil {
		return err
	}
	l.note(cmd.ErrOrStderr())
	id.Namespace = l.Namespace
	if cmd.Flags().Changed("namespace") {
		id.Namespace = f.namespace
	}
	e, err := f.gather(ctx, cmd, l, id)
	if err != nil {
		return err
	}
	if f.output.value == "json" {
		err = printJSON(cmd.OutOrStdout(), e.json())
	} else {
		err = f.printLive(cmd.OutOrStdout(), e, time.Now())
	}
	if n := len(e.warnings()); err == nil && f.strict && n > 0 {
		return fmt.Errorf("strict: %d warning(s) count as errors: correct what they name", n)
	}
	return err
}

// gather reads the object, its namespace and its pods, and judges them.
func (f *explainFlags) gather(ctx context.Context, cmd *cobra.Command, l *live, id fleet.Identity) (*liveExplanation, error) {
	namespaces, err := l.Namespaces(ctx, id.Namespace)
	if err != nil {
		return nil, err
	}
	object, err := l.Get(ctx, id)
	if err != nil {
		return nil, err
	}
	e := &liveExplanation{context: l.Context, flags: l.flags, scale: l.scale, namespace: namespaces[id.Namespace]}
	var pods []*fleet.Pod
	if object.Kind == "Pod" {
		pod, err := fleet.ReadPod(object.JSON)
		if err != nil {
			return nil, fmt.Errorf("read pod %s/%s: %w", id.Namespace, id.Name, err)
		}
		pods = append(pods, pod)
	} else if err := l.EachPod(ctx, id.Namespace, object.Selector, func(pod *fleet.Pod) error {
		if fleet.Belongs(pod.Pod, object.Identity) {
			pods = append(pods, pod)
		}
		return nil
	}); err != nil {
		return nil, err
	}
	e.pods = pods
	e.judge(l.judge, pods, object)
	template, source := object.Template, object
	if e.owner = owner(object.Identity, pods); e.owner != object.Identity {
		template = fleet.Template{}
		if found, err := l.Get(ctx, e.owner); err == nil { // without permission to read the owner, it is restarted like any other
			template = found.Template
			if object.Kind == "Pod" { // the pod has Telepod's variables already, its template does not
				source = found
			}
		}
	}
	e.Repair = l.repairOf(e.owner, e.State, template)
	if len(pods) > 0 {
		found := f.follow(ctx, l.Cluster, pods)
		e.route = &found
	}
	in, err := f.injectorFor(ctx, cmd, l, slices.ContainsFunc(pods, func(p *fleet.Pod) bool { return p.NodeIPv6 }))
	if err != nil {
		return nil, err
	}
	if e.origins, err = f.origins(cmd); l.configured && err == nil {
		e.origins, err = l.origins()
	}
	if err != nil {
		return nil, err
	}
	return e, e.plan(in, source)
}

// injectorFor returns the cluster's injector: its own settings, modified by flags and by the pods' nodes.
func (f *explainFlags) injectorFor(ctx context.Context, cmd *cobra.Command, l *live, ipv6 bool) (*injector.Injector, error) {
	version, err := l.Version(ctx)
	if cmd.Flags().Changed("kubernetes-version") {
		version, err = apiversion.ParseGeneric(f.kubernetesVersion)
	}
	if err != nil {
		return nil, err
	}
	capabilities := l.settings.capabilities
	capabilities.NodeIPv6 = capabilities.NodeIPv6 || ipv6
	if cmd.Flags().Changed("node-ip-family") {
		capabilities.NodeIPv6 = f.nodeIPFamily.value == familyIPv6
	}
	return l.settings.injector(capabilities.Cluster(version))
}

// judge judges the pods, oldest first.
func (l *liveExplanation) judge(j fleet.Judge, pods []*fleet.Pod, object inventory.Object) {
	var all fleet.Inventory
	for _, pod := range pods {
		finding := j.Pod(pod, l.namespace)
		l.findings = append(l.findings, finding)
		all.Add(object.Identity, finding)
	}
	slices.SortFunc(l.findings, func(a, b fleet.Finding) int {
		return cmp.Or(a.Created.Compare(b.Created), cmp.Compare(a.Name, b.Name))
	})
	l.Workload = fleet.Workload{Identity: object.Identity, State: fleet.Outside}
	if found, ok := all.Lookup(object.Identity); ok {
		l.Workload = found
	}
}

// owner returns the outermost workload that creates the pods of an object, such as the Deployment of a ReplicaSet or a pod.
func owner(id fleet.Identity, pods []*fleet.Pod) fleet.Identity {
	if len(pods) == 0 {
		return id
	}
	return fleet.IdentityOf(pods[0].Pod)
}

// plan plans a new pod from the workload's template, or from a pod without a workload.
func (l *liveExplanation) plan(in *injector.Injector, object inventory.Object) error {
	parsed, err := manifest.Parse(object.Kind+"/"+object.Name, object.JSON)
	if err != nil {
		return err
	}
	templates := parsed.Pods()
	if len(templates) != 1 {
		return fmt.Errorf("read %s %s/%s: it has %d pod templates, not one", object.Kind, object.Namespace, object.Name, len(templates))
	}
	pod, err := fleet.ReadPod(templates[0].JSON)
	if err != nil {
		return fmt.Errorf("read %s %s/%s: %w", object.Kind, object.Namespace, object.Name, err)
	}
	request := injector.Request{Pod: pod.Pod, Namespace: l.namespace.Namespace,
		ConfigMapKeys: func(string, string) ([]string, bool) { return nil, false }}
	if object.Kind == "Pod" {
		request.Pod = pod.Fresh()
	} else {
		request.Pod.Metadata.Name = "" // the name in a template is not the name of its pods
		request.Owners = owners(templates[0])
	}
	l.now = planned{Pod: templates[0], Namespace: object.Namespace, Plan: in.Plan(request)}
	l.unread = l.now.Plan.UnknownConfigMaps
	return nil
}

// warnings returns the warnings that the webhook would return for a new pod. They exclude warnings about unknown ConfigMap
// keys: the webhook can read those keys.
func (l *liveExplanation) warnings() []string { return slices.Concat(l.problems()) }

// problems returns the same, but separates the containers that would send nothing.
func (l *liveExplanation) problems() (silent, others []string) {
	silent, others = l.now.problems()
	others = slices.DeleteFunc(others, func(text string) bool {
		return strings.HasPrefix(text, string(injector.UnknownConfigMap)+": ")
	})
	for _, finding := range l.findings { // other injectors may have changed the pods, but not their template
		for _, name := range finding.Others {
			text := string(injector.OtherInjector) + ": " + injector.Skip{Item: name, Reason: injector.OtherInjector}.Sentence()
			if !slices.Contains(others, text) {
				others = append(others, text)
			}
		}
		for _, text := range finding.Mistakes {
			if !slices.Contains(others, text) {
				others = append(others, text)
			}
		}
	}
	return silent, others
}

// origins maps settings to the flags of the injector in the cluster.
func (l *live) origins() (valueOrigins, error) {
	facts, flags := l.settings.facts, map[string]string{"profile": "the injector's --profile"}
	for name, value := range map[string]string{"region": facts.Region, "account": facts.Account, "cluster": facts.Cluster,
		"environment": facts.Environment, "endpoint": facts.Endpoint} {
		if value != "" {
			flags[name] = "the injector's --" + name
		}
	}
	bare, err := profiles.Load(profiles.Facts{}, l.settings.sources...)
	return valueOrigins{flags, bare}, err
}
