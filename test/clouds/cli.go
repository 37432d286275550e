package clouds

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"strings"

	"k8s.io/client-go/tools/clientcmd"
)

// Telepod runs the telepod command, with keys for the bucket, and returns its standard output.
func (e *Estate) Telepod(ctx context.Context, args ...string) ([]byte, error) {
	kubeconfig, err := e.Kubeconfig()
	if err != nil {
		return nil, err
	}
	return e.TelepodAs(ctx, kubeconfig, args...)
}

// TelepodAs is Telepod with another kubeconfig.
func (e *Estate) TelepodAs(ctx context.Context, kubeconfig string, args ...string) ([]byte, error) {
	cmd := exec.CommandContext(ctx, e.programs.telepod, args...)
	cmd.Env = append(os.Environ(), "KUBECONFIG="+kubeconfig, "AWS_ACCESS_KEY_ID=example", "AWS_SECRET_ACCESS_KEY=example", "AWS_REGION=us-east-1")
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		return out, fmt.Errorf("telepod %s: %w: %s", strings.Join(args, " "), err, strings.TrimSpace(stderr.String()))
	}
	return out, nil
}

// Shell runs commands that telepod has printed, as a user would, with the contexts of a kubeconfig.
func (e *Estate) Shell(ctx context.Context, commands string) error {
	kubeconfig, err := e.Kubeconfig()
	if err != nil {
		return err
	}
	if _, err := e.run(ctx, kubeconfig, commands); err != nil {
		return fmt.Errorf("run %q: %w", commands, err)
	}
	return nil
}

// Viewer writes a kubeconfig in which a site's user is a member of a group, and returns its path.
func (e *Estate) Viewer(s *Site, group string) (string, error) {
	path, err := e.Kubeconfig()
	if err != nil {
		return "", err
	}
	config, err := clientcmd.LoadFromFile(path)
	if err != nil {
		return "", err
	}
	user := config.AuthInfos[s.Place.Cluster]
	user.Impersonate, user.ImpersonateGroups = "viewer", []string{group, "system:authenticated"}
	path = e.path("viewer.kubeconfig")
	return path, clientcmd.WriteToFile(*config, path)
}

// Archived counts the spans of a service in the archive by cloud, as telepod archive count does.
func (e *Estate) Archived(ctx context.Context, service string) (map[string]int, error) {
	out, err := e.Telepod(ctx, "archive", "count", "--bucket", Bucket, "--bucket-endpoint", e.Stores.S3, "--signal", "traces", "-o", "json")
	if err != nil {
		return nil, err
	}
	var lines []struct {
		Cloud, Service string
		Items          int
	}
	if err := json.Unmarshal(out, &lines); err != nil {
		return nil, fmt.Errorf("parse the output of telepod archive count: %w", err)
	}
	counts := map[string]int{}
	for _, l := range lines {
		if l.Service == service {
			counts[l.Cloud] += l.Items
		}
	}
	return counts, nil
}
