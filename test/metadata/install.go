package metadata

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/telepod/telepod/test/build"
	"github.com/telepod/telepod/test/cluster"
)

// Address is the address of the metadata service in all three clouds.
const Address = "169.254.169.254"

const imageRef = "telepod.test/metadata:1"

// Image returns the archive of the service's image, built if necessary.
func Image(ctx context.Context) (string, error) {
	program, err := build.Binary(ctx, build.Spec{Name: "metadata", Package: "./test/metadata/cmd/metadata"})
	if err != nil {
		return "", err
	}
	// Keep it next to the program, in a directory named by the program's content.
	out := filepath.Join(filepath.Dir(program), "image.tar")
	if _, err := os.Stat(out); err == nil {
		return out, nil
	}
	return out, cluster.WriteImage(out, cluster.Image{
		Ref: imageRef, Files: map[string]string{"/metadata": program}, Entrypoint: []string{"/metadata"}, User: "0:0",
	})
}

// Manifests install the service on every node of a cluster with these nodes.
func Manifests(nodes []Node) (string, error) {
	byName := map[string]Node{}
	for _, n := range nodes {
		byName[n.Name] = n
	}
	text, err := json.Marshal(byName)
	if err != nil {
		return "", fmt.Errorf("write the nodes of the metadata service: %w", err)
	}
	quoted, err := json.Marshal(string(text)) // a JSON string is a YAML string
	if err != nil {
		return "", fmt.Errorf("write the nodes of the metadata service: %w", err)
	}
	return strings.NewReplacer("NODES_JSON", string(quoted), "IMAGE", imageRef).Replace(manifests), nil
}

const manifests = `
apiVersion: v1
kind: Namespace
metadata: {name: cloud}
---
apiVersion: apps/v1
kind: DaemonSet
metadata: {name: metadata, namespace: cloud}
spec:
  selector: {matchLabels: {app: metadata}}
  template:
    metadata:
      labels: {app: metadata}
    spec:
      hostNetwork: true
      automountServiceAccountToken: false
      terminationGracePeriodSeconds: 1
      tolerations: [{operator: Exists}]
      containers:
        - name: metadata
          image: IMAGE
          imagePullPolicy: Never
          env:
            - {name: NODES, value: NODES_JSON}
            - {name: NODE_NAME, valueFrom: {fieldRef: {fieldPath: spec.nodeName}}}
          readinessProbe: {tcpSocket: {host: 169.254.169.254, port: 80}, periodSeconds: 1}
          resources: {requests: {cpu: 1m, memory: 16Mi}, limits: {memory: 64Mi}}
          securityContext:
            readOnlyRootFilesystem: true
            capabilities: {drop: [ALL], add: [NET_ADMIN, NET_BIND_SERVICE]}
`
