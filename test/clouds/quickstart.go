package clouds

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"

	"github.com/telepod/telepod/test/build"
	"github.com/telepod/telepod/test/cluster"
)

// Parts of docs/quickstart.md.
const (
	OneCluster    = "## One cluster in five minutes"
	ThreeClusters = "## Three clusters in fifteen minutes"
)

// mark is the placeholder in the page for values that differ between clusters. Here it is replaced by this machine's values.
const mark = "<!-- values that your clusters need -->"

// Commands returns the command blocks of a part of docs/quickstart.md as two scripts: the commands that run anywhere, and
// those that need a cloud, a registry or kind.
func Commands(part string) (script, cloud string, err error) {
	root, err := build.Root()
	if err != nil {
		return "", "", err
	}
	page, err := os.ReadFile(filepath.Join(root, "docs", "quickstart.md"))
	if err != nil {
		return "", "", err
	}
	_, text, found := strings.Cut(string(page), "\n"+part+"\n")
	if !found {
		return "", "", fmt.Errorf("docs/quickstart.md has no part %q", part)
	}
	text, _, _ = strings.Cut(text, "\n## ")
	text = strings.ReplaceAll(text, mark, "```sh\ncat >> estate.yaml <<'END'\n"+values+"END\n```")
	into := (*string)(nil)
	for line := range strings.Lines(text) {
		switch strings.TrimSpace(line) {
		case "```sh":
			into = &script
		case "```sh cloud":
			into = &cloud
		case "```":
			into = nil
		default:
			if into != nil {
				*into += line
			}
		}
	}
	if script+cloud == "" {
		return "", "", fmt.Errorf("docs/quickstart.md has no commands in %q", part)
	}
	return script, cloud, nil
}

// FollowOneCluster runs the first part of the page, in a cluster that replaces kind's.
func (e *Estate) FollowOneCluster(ctx context.Context) (output string, err error) {
	script, _, err := Commands(OneCluster)
	if err != nil {
		return "", err
	}
	jaeger, err := e.jaegerImage(ctx)
	if err != nil {
		return "", err
	}
	c, err := cluster.Start(ctx, cluster.Options{Name: "kind", Nodes: make([]cluster.Node, 1), Images: append([]string{jaeger}, e.programs.images...)})
	if err != nil {
		return "", err
	}
	defer func() {
		if err != nil {
			pods, _ := c.Kubectl(context.WithoutCancel(ctx), "get", "pods,events", "-A") // added to the error
			err = fmt.Errorf("%w\n%s", err, pods)
		}
		err = errors.Join(err, c.Stop())
	}()
	kubeconfig := e.path("kubeconfig-kind")
	if err := writeContexts(kubeconfig, map[string]string{"kind-kind": c.Kubeconfig()}, "kind-kind"); err != nil {
		return "", err
	}
	output, err = e.run(ctx, kubeconfig, script)
	return output, errors.Join(err, e.cleanDirectory())
}

// jaegerImage builds a replacement for the image in the page. The Jaeger built here needs a configuration.
func (e *Estate) jaegerImage(ctx context.Context) (string, error) {
	program, err := Jaeger(ctx)
	if err != nil {
		return "", err
	}
	config, out := e.path("jaeger-of-kind.yaml"), e.path("jaeger-of-kind.tar")
	if err := os.WriteFile(config, []byte(strings.ReplaceAll(jaegerConfig, "HOST", "0.0.0.0")), 0o644); err != nil {
		return "", err
	}
	return out, cluster.WriteImage(out, cluster.Image{
		Ref: "docker.io/jaegertracing/jaeger:2.13.0", Files: map[string]string{"/cmd/jaeger": program, "/config.yaml": config},
		Entrypoint: []string{"/cmd/jaeger", "--config=/config.yaml"},
	})
}

// FollowThreeClusters runs the second part of the page, in the three clouds.
func (e *Estate) FollowThreeClusters(ctx context.Context) (output string, err error) {
	script, _, err := Commands(ThreeClusters)
	if err != nil {
		return "", err
	}
	kubeconfig, err := e.Kubeconfig()
	if err != nil {
		return "", err
	}
	err = e.withLoadBalancers(ctx, func(ctx context.Context) error {
		output, err = e.run(ctx, kubeconfig, script, "JAEGER="+e.Stores.Jaeger)
		return err
	})
	return output, errors.Join(err, e.cleanDirectory())
}

// cleanDirectory removes the files that a part of the page has written.
func (e *Estate) cleanDirectory() error {
	return errors.Join(os.RemoveAll(e.path("estate.yaml")), os.RemoveAll(e.path("ca")))
}

// Parse checks a script's syntax with bash, without running it.
func Parse(ctx context.Context, script string) error {
	cmd := exec.CommandContext(ctx, "bash", "-n")
	cmd.Stdin = strings.NewReader(script)
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("%w: %s", err, out)
	}
	return nil
}
