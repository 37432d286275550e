package authorities

import (
	"bytes"
	"crypto/x509"
	"fmt"
	"path/filepath"

	"sigs.k8s.io/yaml"

	"github.com/telepod/telepod/estate"
)

// Manifest returns the path of the manifests for a cluster.
func (d Directory) Manifest(cluster string) string {
	return filepath.Join(d.Path, "manifests", cluster+".yaml")
}

// WriteManifests writes the manifests of all clusters. They contain keys.
func (d Directory) WriteManifests() error {
	for _, c := range d.Estate.Clusters {
		text, err := d.manifests(c)
		if err == nil {
			err = ReplaceFile(d.Manifest(c.Name), text, 0o600)
		}
		if err != nil {
			return fmt.Errorf("write the manifests of %s: %w", c.Name, err)
		}
	}
	return nil
}

// manifests returns a cluster's namespace, keys and bundles. A revoked cluster has no authority, and gets only bundles.
func (d Directory) manifests(c estate.Cluster) ([]byte, error) {
	root, err := loadCertificate(d.root() + ".crt")
	if err != nil {
		return nil, err
	}
	if root == nil {
		return nil, fmt.Errorf("%s has no root: run 'telepod estate ca init'", d.Path)
	}
	authority, err := load(d.authority(c.Name))
	if err != nil {
		return nil, err
	}
	objects := []any{d.namespace(c), d.configMap(estate.RootMap, root)}
	if d.Estate.Role(c.Name) != "" {
		clients, err := d.bundle("")
		if err != nil {
			return nil, err
		}
		objects = append(objects, d.configMap(estate.RegionsMap, clients...))
	}
	if d.Estate.Certificates.From == estate.FromSecrets {
		leaves, err := d.leaves(c, root)
		if err != nil {
			return nil, err
		}
		return documents(append(objects, leaves...))
	}
	if authority.Key != nil {
		secret, err := d.secret(estate.AuthorityKey, authority, nil, root)
		if err != nil {
			return nil, err
		}
		objects = append(objects, secret, d.object("cert-manager.io/v1", "Issuer", estate.Issuer, "spec", map[string]any{
			"ca": map[string]any{"secretName": estate.AuthorityKey}}))
	}
	return documents(objects)
}

// leaves returns the Secrets that the chart expects without an issuer.
func (d Directory) leaves(c estate.Cluster, root *x509.Certificate) (objects []any, err error) {
	authority, err := loadCertificate(d.authority(c.Name) + ".crt")
	if err != nil || authority == nil {
		return nil, err
	}
	for _, part := range [][2]string{{"regional", "-collector-tls"}, {"central", "-central-tls"}} {
		leaf, err := load(d.of(c.Name, part[0]))
		if err != nil {
			return nil, err
		}
		if leaf.Key == nil {
			continue
		}
		secret, err := d.secret(d.Estate.FullName(c)+part[1], leaf, root, authority)
		if err != nil {
			return nil, err
		}
		objects = append(objects, secret)
	}
	return objects, nil
}

// namespace returns the Namespace, which allows the regional Collectors' hostPath volumes and host ports.
func (d Directory) namespace(c estate.Cluster) map[string]any {
	metadata := map[string]any{"name": d.Estate.Namespace}
	if c.HasApplications() {
		metadata["labels"] = map[string]any{"pod-security.kubernetes.io/enforce": "privileged"}
	}
	return map[string]any{"apiVersion": "v1", "kind": "Namespace", "metadata": metadata}
}

func (d Directory) configMap(name string, certificates ...*x509.Certificate) map[string]any {
	return d.object("v1", "ConfigMap", name, "data", map[string]any{"ca.crt": string(certificatesPEM(certificates...))})
}

// secret returns a Secret with a certificate, its issuers and its key, and with ca.crt if root is not nil.
func (d Directory) secret(name string, p Pair, root *x509.Certificate, issuers ...*x509.Certificate) (map[string]any, error) {
	key, err := keyPEM(p.Key)
	if err != nil {
		return nil, err
	}
	data := map[string][]byte{"tls.crt": certificatesPEM(append([]*x509.Certificate{p.Certificate}, issuers...)...), "tls.key": key}
	if root != nil {
		data["ca.crt"] = certificatesPEM(root)
	}
	secret := d.object("v1", "Secret", name, "data", data)
	secret["type"] = "kubernetes.io/tls"
	return secret, nil
}

func (d Directory) object(version, kind, name, field string, value any) map[string]any {
	return map[string]any{"apiVersion": version, "kind": kind, field: value,
		"metadata": map[string]any{"name": name, "namespace": d.Estate.Namespace}}
}

func documents(objects []any) ([]byte, error) {
	var b bytes.Buffer
	for i, object := range objects {
		text, err := yaml.Marshal(object)
		if err != nil {
			return nil, err
		}
		if i > 0 {
			b.WriteString("---\n")
		}
		b.Write(text)
	}
	return b.Bytes(), nil
}
