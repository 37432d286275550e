package inventory

import (
	"cmp"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"slices"
	"strings"

	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/clientcmd"

	"github.com/telepod/telepod/profiles"
)

// Selection is an error in the choice of a cluster: a kubeconfig that cannot be read, or a context that does not exist.
type Selection struct{ error }

func (e Selection) Unwrap() error { return e.error }

// Config returns the configuration of a client for a context of a kubeconfig, the context's name and its namespace; empty
// arguments mean kubectl's defaults. It sends no requests. Its errors are a [Selection].
func Config(kubeconfig, kubeContext string) (config *rest.Config, name, namespace string, err error) {
	rules := clientcmd.NewDefaultClientConfigLoadingRules()
	rules.ExplicitPath, rules.WarnIfAllMissing = kubeconfig, false
	loader := clientcmd.NewNonInteractiveDeferredLoadingClientConfig(rules, &clientcmd.ConfigOverrides{CurrentContext: kubeContext})
	if config, err = loader.ClientConfig(); err != nil {
		return nil, "", "", Selection{selectionError(rules, kubeContext, err)}
	}
	if namespace, _, err = loader.Namespace(); err != nil {
		return nil, "", "", Selection{fmt.Errorf("connect to the cluster: %w", err)}
	}
	if name = kubeContext; name == "" {
		if raw, err := loader.RawConfig(); err == nil {
			name = raw.CurrentContext
		}
	}
	return config, name, namespace, nil
}

// selectionError finds out why a kubeconfig cannot be used.
func selectionError(rules *clientcmd.ClientConfigLoadingRules, kubeContext string, otherwise error) error {
	missing := 0
	files := slices.DeleteFunc(rules.GetLoadingPrecedence(), func(path string) bool { return path == "" })
	for _, path := range files {
		_, err := clientcmd.LoadFromFile(path)
		switch {
		case err == nil:
		case errors.Is(err, fs.ErrNotExist):
			missing++
		case strings.Contains(err.Error(), "version/kind"):
			return fmt.Errorf("%s is not a kubeconfig, which has apiVersion: v1 and kind: Config", path)
		default:
			return fmt.Errorf("%s cannot be read as a kubeconfig: %w", path, err)
		}
	}
	if missing == len(files) {
		return noKubeconfig(rules.ExplicitPath, files)
	}
	raw, err := rules.Load()
	if err != nil {
		return fmt.Errorf("read the kubeconfig: %w", err)
	}
	names := slices.Sorted(maps.Keys(raw.Contexts))
	switch {
	case kubeContext == "" && raw.CurrentContext == "":
		return errors.New("the kubeconfig has no current context: select one with --context")
	case kubeContext == "" && raw.Contexts[raw.CurrentContext] == nil:
		return fmt.Errorf("the current context of the kubeconfig, %q, does not exist: select another one with --context", raw.CurrentContext)
	case kubeContext != "" && raw.Contexts[kubeContext] == nil && strings.Contains(kubeContext, ","):
		return fmt.Errorf("context %q does not exist: --context selects one context; 'telepod status' and 'telepod check' accept several, with --contexts", kubeContext)
	case kubeContext != "" && raw.Contexts[kubeContext] == nil:
		if hint := profiles.DidYouMean(kubeContext, names); hint != "" {
			return fmt.Errorf("context %q does not exist%s", kubeContext, hint)
		}
		return fmt.Errorf("context %q does not exist: 'kubectl config get-contexts' lists the contexts of the kubeconfig", kubeContext)
	}
	return fmt.Errorf("context %q cannot be used: %w", cmp.Or(kubeContext, raw.CurrentContext), otherwise)
}

// noKubeconfig describes files that do not exist.
func noKubeconfig(explicit string, files []string) error {
	verb := "does not exist"
	if len(files) > 1 {
		verb = "do not exist"
	}
	switch {
	case explicit != "":
		return fmt.Errorf("%s does not exist: check --kubeconfig", explicit)
	case os.Getenv(clientcmd.RecommendedConfigPathEnvVar) != "":
		return fmt.Errorf("%s %s: check the variable KUBECONFIG", strings.Join(files, ", "), verb)
	}
	return fmt.Errorf("there is no kubeconfig: %s %s: use --kubeconfig, or set KUBECONFIG", strings.Join(files, ", "), verb)
}
