package terraform

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"strings"

	"github.com/telepod/telepod/test/build"
)

// engine is a program that runs modules: OpenTofu or Terraform.
type engine struct {
	name, path string
	config     string // CLI configuration with the provider mirror
}

// engines returns OpenTofu, built if necessary, and Terraform, if it is installed.
func engines(ctx context.Context, config string) ([]engine, error) {
	tofu, err := build.Binary(ctx, build.Spec{
		Name:    "tofu",
		Module:  "test/terraform/tofu",
		Package: "github.com/opentofu/opentofu/cmd/tofu",
		LDFlags: []string{"-X", "github.com/opentofu/opentofu/version.dev=no"},
		Takes:   "about 6 minutes",
	})
	if err != nil {
		return nil, err
	}
	all := []engine{{name: "tofu", path: tofu, config: config}}
	if path, err := exec.LookPath("terraform"); err == nil {
		if e := (engine{name: "terraform", path: path, config: config}); e.isRecent(ctx) {
			all = append(all, e)
		}
	}
	return all, nil
}

// isRecent reports whether the modules support the engine: version 1.11 or later, which keeps ephemeral values out
// of the state.
func (e engine) isRecent(ctx context.Context) bool {
	out, err := e.run(ctx, ".", "version", "-json")
	var v struct {
		Version string `json:"terraform_version"`
	}
	var major, minor int
	if err != nil || json.Unmarshal([]byte(out), &v) != nil {
		return false
	}
	if _, err := fmt.Sscanf(v.Version, "%d.%d", &major, &minor); err != nil {
		return false
	}
	return major > 1 || major == 1 && minor >= 11
}

// run runs a command in a directory and returns its standard output. An error includes standard error.
func (e engine) run(ctx context.Context, dir string, args ...string) (string, error) {
	cmd := exec.CommandContext(ctx, e.path, args...)
	cmd.Dir = dir
	var stdout, stderr bytes.Buffer
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	for _, v := range os.Environ() {
		if !strings.HasPrefix(v, "TF_") {
			cmd.Env = append(cmd.Env, v)
		}
	}
	cmd.Env = append(cmd.Env, "TF_CLI_CONFIG_FILE="+e.config, "TF_IN_AUTOMATION=1")
	if err := cmd.Run(); err != nil {
		return stdout.String(), fmt.Errorf("%s %s: %w\n%s", e.name, strings.Join(args, " "), err, stderr.String())
	}
	return stdout.String(), nil
}
