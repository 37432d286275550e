package authorities

import (
	"crypto/x509"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/telepod/telepod/estate"
)

// Directory contains the certificates and keys of an estate.
type Directory struct {
	Path   string
	Estate *estate.Estate
	// Now is the clock; tests replace it.
	Now time.Time
}

func (d Directory) root() string { return filepath.Join(d.Path, "root") }
func (d Directory) of(cluster, file string) string {
	return filepath.Join(d.Path, "clusters", cluster, file)
}
func (d Directory) authority(cluster string) string { return d.of(cluster, "authority") }

// Init creates the root. It fails if a root exists.
func (d Directory) Init() error {
	existing, err := load(d.root())
	if err != nil {
		return err
	}
	if existing.Certificate != nil {
		return fmt.Errorf("%s.crt exists: a new root would break every connection; 'telepod estate ca issue' creates missing authorities", d.root())
	}
	root, err := newRoot(d.Now)
	if err != nil {
		return err
	}
	if err := save(d.root(), root); err != nil {
		return err
	}
	return ReplaceFile(filepath.Join(d.Path, ".gitignore"), []byte("*.key\nmanifests/\n"), 0o644)
}

// signer returns the root with its key.
func (d Directory) signer() (Pair, error) {
	root, err := load(d.root())
	switch {
	case err != nil:
		return root, err
	case root.Certificate == nil:
		return root, fmt.Errorf("%s has no root: run 'telepod estate ca init', or name the directory with --directory", d.Path)
	case root.Key == nil:
		return root, fmt.Errorf("%s.key is missing: restore it from where you keep it, for this command only", d.root())
	}
	return root, nil
}

// limitsOf returns the names and usages that a cluster's certificates may have.
func (d Directory) limitsOf(c estate.Cluster) (all, regional, central limits) {
	if c.HasApplications() {
		regional = limits{[]string{strings.ToLower(c.Name) + ".regions.telepod"}, []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth}}
	}
	if role := d.Estate.Role(c.Name); role != "" {
		host, _, _ := strings.Cut(d.Estate.Sites.Site(role).Endpoint, ":")
		names := []string{host, d.Estate.FullName(c) + "-central." + d.Estate.Namespace + ".svc"}
		central = limits{slices.Compact(names), []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth}}
	}
	return limits{slices.Concat(regional.names, central.names), slices.Concat(regional.usages, central.usages)}, regional, central
}

// Issue creates the missing authorities of clusters (and with certificates.from: secrets the certificates), and
// returns the names of those clusters. Existing authorities stay. Without clusters, it issues for all that are not revoked.
func (d Directory) Issue(clusters ...estate.Cluster) (made []string, err error) {
	if len(clusters) == 0 {
		if clusters, err = d.notRevoked(); err != nil {
			return nil, err
		}
	}
	for _, c := range clusters {
		issued, err := d.issue(c)
		if err != nil {
			return made, fmt.Errorf("cluster %s: %w", c.Name, err)
		}
		if issued {
			made = append(made, c.Name)
		}
	}
	return made, d.WriteManifests()
}

// notRevoked returns the clusters except those whose authorities are all revoked.
func (d Directory) notRevoked() (list []estate.Cluster, err error) {
	for _, c := range d.Estate.Clusters {
		revoked, err := d.Revoked(c.Name)
		if err != nil {
			return nil, err
		}
		if !revoked {
			list = append(list, c)
		}
	}
	return list, nil
}

// Revoked reports whether all authorities of a cluster are revoked.
func (d Directory) Revoked(cluster string) (bool, error) {
	accepted, err := d.accepted(cluster)
	if err != nil || len(accepted) > 0 {
		return false, err
	}
	revoked, err := filesIn(filepath.Join(d.Path, "revoked", cluster), "")
	return len(revoked) > 0, err
}

func (d Directory) issue(c estate.Cluster) (made bool, err error) {
	all, regional, central := d.limitsOf(c)
	authority, err := load(d.authority(c.Name))
	if err != nil {
		return false, err
	}
	if authority.Certificate == nil {
		root, err := d.signer()
		if err != nil {
			return false, err
		}
		if authority, err = root.delegate(c.Name, all, d.Now); err == nil {
			err = save(d.authority(c.Name), authority, root.Certificate)
		}
		if err != nil {
			return false, err
		}
		made = true
	}
	if have := authority.Certificate.PermittedDNSDomains; !slices.Equal(have, all.names) {
		return made, fmt.Errorf("its authority is for %s, but the estate needs %s: run 'telepod estate ca renew %s'", strings.Join(have, ", "), strings.Join(all.names, ", "), c.Name)
	}
	if d.Estate.Certificates.From != estate.FromSecrets {
		return made, nil
	}
	for name, l := range map[string]limits{"regional": regional, "central": central} {
		issued, err := d.leaf(c.Name, name, l, authority)
		if err != nil {
			return made, err
		}
		made = made || issued
	}
	return made, nil
}

// leaf creates a missing certificate.
func (d Directory) leaf(cluster, name string, l limits, by Pair) (made bool, err error) {
	path := d.of(cluster, name)
	existing, err := load(path)
	if err != nil || existing.Certificate != nil || len(l.names) == 0 {
		return false, err
	}
	if by.Key == nil {
		return false, fmt.Errorf("%s.key is missing: restore it, or run 'telepod estate ca renew %s'", d.authority(cluster), cluster)
	}
	certificate, err := by.issue(l, d.Now)
	if err != nil {
		return false, err
	}
	return true, save(path, certificate, by.Certificate)
}

// Renew creates new authorities and certificates. The previous authorities stay in the bundles of the sites until
// they expire, so that nothing is refused while clusters change to the new ones.
func (d Directory) Renew(clusters ...estate.Cluster) error {
	if _, err := d.signer(); err != nil {
		return err // before anything is moved
	}
	for _, c := range clusters {
		old, err := load(d.authority(c.Name))
		if err != nil {
			return err
		}
		if old.Certificate == nil {
			return fmt.Errorf("cluster %s has no authority: run 'telepod estate ca issue %s'", c.Name, c.Name)
		}
		previous := d.of(c.Name, "previous-"+old.Certificate.SerialNumber.Text(16)+".crt")
		if err := d.retire(c.Name, previous); err != nil {
			return err
		}
	}
	_, err := d.Issue(clusters...)
	return err
}

// retire moves a cluster's authority away, and removes keys that are no longer needed.
func (d Directory) retire(cluster, to string) error {
	if _, err := os.Lstat(to); err == nil {
		return fmt.Errorf("%s exists and is not replaced", to)
	}
	if err := os.MkdirAll(filepath.Dir(to), 0o700); err != nil {
		return err
	}
	if err := os.Rename(d.authority(cluster)+".crt", to); err != nil {
		return err
	}
	for _, name := range []string{"authority.key", "regional.crt", "regional.key", "central.crt", "central.key"} {
		if err := os.Remove(d.of(cluster, name)); err != nil && !errors.Is(err, os.ErrNotExist) {
			return err
		}
	}
	return nil
}

// Revoke removes the authorities of a cluster from the bundles of the sites: all of them, or, with previous, only those
// that were renewed since. Other clusters are not affected.
func (d Directory) Revoke(c estate.Cluster, previous bool) error {
	earlier, err := filesIn(d.of(c.Name, ""), "previous-")
	if err != nil {
		return err
	}
	current, err := loadCertificate(d.authority(c.Name) + ".crt")
	if err != nil {
		return err
	}
	if len(earlier) == 0 && (previous || current == nil) {
		return fmt.Errorf("cluster %s has no authority to revoke", c.Name)
	}
	others, err := d.bundle(c.Name)
	if err != nil {
		return err
	}
	if !previous && len(others) == 0 {
		return errors.New("it is the only cluster that may send, and sites ignore an empty bundle: scale the sites to zero, or uninstall them")
	}
	for _, path := range earlier {
		to := filepath.Join(d.Path, "revoked", c.Name, strings.TrimPrefix(filepath.Base(path), "previous-"))
		if err := os.MkdirAll(filepath.Dir(to), 0o700); err != nil {
			return err
		}
		if err := os.Rename(path, to); err != nil {
			return err
		}
	}
	if current != nil && !previous {
		if err := d.retire(c.Name, filepath.Join(d.Path, "revoked", c.Name, current.SerialNumber.Text(16)+".crt")); err != nil {
			return err
		}
	}
	return d.WriteManifests()
}

// accepted returns the authorities of a cluster that sites accept: the current one, and earlier ones that have not
// expired.
func (d Directory) accepted(cluster string) (list []*x509.Certificate, err error) {
	paths, err := filesIn(d.of(cluster, ""), "previous-")
	if err != nil {
		return nil, err
	}
	for _, path := range append([]string{d.authority(cluster) + ".crt"}, paths...) {
		c, err := loadCertificate(path)
		if err != nil {
			return nil, err
		}
		if c != nil && c.NotAfter.After(d.Now) {
			list = append(list, c)
		}
	}
	return list, nil
}

// bundle returns the authorities of clusters that may send, except those of one cluster.
func (d Directory) bundle(except string) (list []*x509.Certificate, err error) {
	for _, c := range d.Estate.Clusters {
		if !c.HasApplications() || c.Name == except {
			continue
		}
		accepted, err := d.accepted(c.Name)
		if err != nil {
			return nil, err
		}
		list = append(list, accepted...)
	}
	return list, nil
}
