package main

import (
	"cmp"
	"context"
	"fmt"
	"io"
	"maps"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/telepod/telepod/fleet"
	"github.com/telepod/telepod/fleet/inventory"
	"github.com/telepod/telepod/injector"
	"github.com/telepod/telepod/profiles"
)

// liveFlags select the cluster, and the Telepod release in it.
type liveFlags struct {
	kubeconfig string
	context    string
	release    inventory.Release
	timeout    time.Duration
}

// scopeFlags select one namespace or all.
type scopeFlags struct {
	namespace string
	all       bool
}

func (f *scopeFlags) register(cmd *cobra.Command) {
	flags := cmd.Flags()
	flags.StringVarP(&f.namespace, "namespace", "n", "", "namespace of the workloads; defaults to the context's")
	flags.BoolVarP(&f.all, "all-namespaces", "A", false, "select all namespaces")
}

func (f *scopeFlags) check(cmd *cobra.Command) error {
	if f.all && f.namespace != "" {
		return wrongUsage(cmd, "--namespace and --all-namespaces are mutually exclusive")
	}
	return nil
}

// in returns the selected namespace, or "" for all.
func (f *scopeFlags) in(l *live) string {
	if f.namespace == "" && !f.all {
		return l.Namespace
	}
	return f.namespace
}

func (f *liveFlags) register(cmd *cobra.Command) {
	flags := cmd.Flags()
	flags.StringVar(&f.kubeconfig, "kubeconfig", "", "kubeconfig file; defaults to those that kubectl uses")
	flags.StringVar(&f.context, "context", "", "context of the kubeconfig; defaults to the current one")
	flags.StringVar(&f.release.Namespace, "telepod-namespace", "telepod", "namespace of Telepod in the cluster")
	flags.StringVar(&f.release.Name, "release", "telepod", "Helm release of Telepod in the cluster")
	flags.DurationVar(&f.timeout, "timeout", 30*time.Second, "time limit for all requests to the API server")
}

// live is a connection to a cluster, and an injector with the same settings as the cluster's.
type live struct {
	*inventory.Cluster
	settings injectorSettings
	judge    fleet.Judge
	notes    []string
	// mistaken are the judged workloads with mistakes in their settings.
	mistaken []*fleet.Workload
	// namespaces are the namespaces of the workloads that may be restarted.
	namespaces map[string]fleet.Namespace
	// configured is true if the settings come from the injector in the cluster.
	configured bool
	// scale is the command that starts the injector if it is scaled to zero; empty otherwise.
	scale string
	// flags select the cluster in repair commands: see selection.
	flags string
}

// injectorSettings configure an injector, apart from the API server's capabilities.
type injectorSettings struct {
	profile      string
	profilesDir  string
	facts        profiles.Facts
	policy       injector.Policy
	strict       bool
	capabilities injector.Capabilities
	sources      []profiles.Source
}

// settingFlags are the flags that override the configuration of the cluster's injector.
func settingFlags() []string {
	return []string{"profile", "profiles-dir", "region", "account", "cluster", "environment", "endpoint", "service-host",
		"cluster-service-host", "inject-by-default", "protected-namespaces"}
}

// connect builds an injector like the cluster's. If a setting flag is set, it uses the given settings instead.
func (f *liveFlags) connect(ctx context.Context, cmd *cobra.Command, given injectorSettings) (*live, error) {
	c, err := inventory.Connect(f.kubeconfig, f.context)
	if err != nil {
		return nil, err
	}
	version, err := c.Version(ctx) // the first request, so that a dead API server gets a plain error
	if err != nil && c.Context != "" {
		err = fmt.Errorf("context %s: %w", c.Context, err)
	}
	if err != nil {
		return nil, err
	}
	l := &live{Cluster: c, settings: given, flags: f.selection()}
	if slices.ContainsFunc(settingFlags(), cmd.Flags().Changed) {
		l.settings.facts = withEnvironment(given.facts)
		if given.profilesDir != "" {
			l.settings.sources, err = readProfiles(given.profilesDir)
		}
		l.settings.protect(f.release.Namespace)
	} else {
		err = l.fromInstallation(ctx, f.release)
	}
	if err != nil {
		return nil, err
	}
	l.judge.Injector, err = l.settings.injector(l.settings.capabilities.Cluster(version))
	return l, err
}

// repairOf returns the repair of a workload. Without an injector, a restart would create another bare pod.
func (l *live) repairOf(id fleet.Identity, state fleet.State, template fleet.Template) fleet.Repair {
	r := fleet.RepairOf(id, state, template, l.flags)
	if l.scale == "" || r.Command == "" {
		return r
	}
	text := "the injector is scaled to zero, so new pods would be bare: first " + l.scale + ", then " + r.Command
	if r.Note != "" {
		text += "; " + r.Note
	}
	return fleet.Repair{Note: text}
}

// selection returns the flags of kubectl and telepod that select the same cluster in repair commands, after a space; empty
// without flags. KUBECONFIG is not among them, because the user's shell has it, too.
func (f *liveFlags) selection() string {
	return selection(f.kubeconfig, "--context", f.context)
}

// selection returns --kubeconfig and the flag for the context, each after a space, if they are set.
func selection(kubeconfig, contextFlag, kubeContext string) (flags string) {
	if kubeconfig != "" {
		flags += " --kubeconfig " + shellWord(kubeconfig)
	}
	if kubeContext != "" {
		flags += " " + contextFlag + " " + shellWord(kubeContext)
	}
	return flags
}

var plainWord = regexp.MustCompile(`^[A-Za-z0-9@%+=:,./_-]+$`)

// shellWord quotes a word for a shell.
func shellWord(word string) string {
	if plainWord.MatchString(word) {
		return word
	}
	return "'" + strings.ReplaceAll(word, "'", `'\''`) + "'"
}

func (s *injectorSettings) protect(namespace string) {
	if !slices.Contains(s.policy.ProtectedNamespaces, namespace) {
		s.policy.ProtectedNamespaces = append(slices.Clone(s.policy.ProtectedNamespaces), namespace)
	}
}

func (s *injectorSettings) profiles() (*profiles.Set, error) {
	return profiles.Load(s.facts, s.sources...)
}

func (s *injectorSettings) injector(cluster injector.Cluster) (*injector.Injector, error) {
	set, err := s.profiles()
	if err != nil {
		return nil, fmt.Errorf("load profiles: %w", err)
	}
	return injector.New(set, injector.Options{Policy: s.policy, Cluster: cluster, DefaultProfile: s.profile, Strict: s.strict})
}

// fromInstallation parses the arguments of the running webhook with the webhook's own flags.
func (l *live) fromInstallation(ctx context.Context, release inventory.Release) error {
	found, err := l.Installation(ctx, release)
	if err != nil {
		return err
	}
	f, unknown, err := readWebhookArguments(found.Arguments)
	if err != nil {
		return fmt.Errorf("read the arguments of Deployment %s/%s: %w: use the telepod of the injector's version, %s", release.Namespace, found.Name, err, found.Version)
	}
	if unknown {
		l.notes = append(l.notes, fmt.Sprintf("the injector has flags that this telepod does not support: use version %s", found.Version))
	}
	if f.factsFile != "" {
		l.notes = append(l.notes, "the injector reads --facts-file "+f.factsFile+", which cannot be read here: use flags for the facts that come from it")
	}
	if this := buildVersion(); found.Version != "" && this != "devel" && strings.TrimPrefix(this, "v") != strings.TrimPrefix(found.Version, "v") {
		l.notes = append(l.notes, fmt.Sprintf("this telepod is version %s, the injector is %s: their built-in profiles may differ, which makes pods look stale", this, found.Version))
	}
	facts, env := f.facts, found.Environment
	facts.Region, facts.Account = cmp.Or(facts.Region, env[envRegion]), cmp.Or(facts.Account, env[envAccount])
	facts.Cluster, facts.Environment = cmp.Or(facts.Cluster, env[envCluster]), cmp.Or(facts.Environment, env[envEnvironment])
	l.judge.Installed, l.judge.Revision, l.configured = found.Installed, found.Revision, true
	if l.judge.Absent = found.Ready == 0; found.Desired == 0 {
		l.scale = fmt.Sprintf("kubectl%s -n %s scale deployment/%s --replicas=2", l.flags, release.Namespace, found.Name)
	}
	l.settings = injectorSettings{
		profile: f.profile, facts: facts, strict: f.strict, capabilities: f.capabilities(),
		policy: injector.Policy{InjectByDefault: f.injectByDefault, ProtectedNamespaces: f.protected},
	}
	l.settings.protect(release.Namespace)
	for _, name := range slices.Sorted(maps.Keys(found.Profiles)) {
		l.settings.sources = append(l.settings.sources, profiles.Source{Name: name, Data: []byte(found.Profiles[name])})
	}
	return nil
}

// readWebhookArguments parses a command line of 'telepod webhook'; unknown is true if it has flags of another
// version.
func readWebhookArguments(args []string) (f *webhookFlags, unknown bool, err error) {
	f = &webhookFlags{}
	cmd := &cobra.Command{}
	f.register(cmd.Flags())
	f.registerChoices(cmd)
	if err := cmd.ParseFlags(args); err == nil {
		return f, false, nil
	}
	f = &webhookFlags{}
	cmd = &cobra.Command{FParseErrWhitelist: cobra.FParseErrWhitelist{UnknownFlags: true}}
	f.register(cmd.Flags())
	f.registerChoices(cmd)
	return f, true, cmd.ParseFlags(args)
}

// note prints additional information for people.
func (l *live) note(stderr io.Writer) {
	for _, text := range l.notes {
		fmt.Fprintln(stderr, "note:", text)
	}
}
