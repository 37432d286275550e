//go:build linux

package supervisor

import (
	"encoding/json"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"syscall"

	"github.com/telepod/telepod/test/cluster/layout"
)

// Machine is the first process of a machine. It waits for the end of its input, which signals that its
// link is connected, sets up its namespaces as a node, and runs the steps.
func Machine(spec string, in io.Reader) error {
	runtime.LockOSThread() // its children die with this thread
	b, err := os.ReadFile(spec)
	if err != nil {
		return err
	}
	var m layout.Machine
	if err := json.Unmarshal(b, &m); err != nil {
		return fmt.Errorf("read %s: %w", spec, err)
	}
	if input, err := io.ReadAll(in); err != nil || string(input) != "go" {
		return fmt.Errorf("the supervisor exited before the node was connected: %w", err)
	}
	r := newRunner(m)
	if m.Network != nil {
		if err := enter(m); err != nil {
			return fmt.Errorf("make %s a node: %w", m.Name, err)
		}
		r.dir, r.logs = "/", "/var/log"
	}
	return r.run()
}

func enter(m layout.Machine) error {
	if err := syscall.Sethostname([]byte(m.Name)); err != nil {
		return err
	}
	if err := mounts(m); err != nil {
		return err
	}
	if err := connect(m); err != nil {
		return err
	}
	return sysctls()
}

// mounts gives the node its own /proc and directories. The mounts are private at first, so that none
// reaches the host, and shared at the end, because the kubelet needs them to propagate to its containers.
func mounts(m layout.Machine) error {
	if err := mount("", "/", "", syscall.MS_REC|syscall.MS_PRIVATE, ""); err != nil {
		return err
	}
	if err := mount("proc", "/proc", "proc", 0, ""); err != nil {
		return err
	}
	if err := overlay("/var/lib", filepath.Join(m.Dir, "overlay")); err != nil {
		return err
	}
	for name, at := range layout.Mounts() {
		if err := os.MkdirAll(at, 0o755); err != nil {
			return err
		}
		if err := mount(filepath.Join(m.Dir, name), at, "", syscall.MS_BIND, ""); err != nil {
			return err
		}
	}
	return mount("", "/", "", syscall.MS_REC|syscall.MS_SHARED, "")
}

// overlay makes a directory writable without changing the host's: a node needs mount points in /var/lib
// that do not exist there.
func overlay(dir, scratch string) error {
	if err := mount("tmpfs", scratch, "tmpfs", 0, "size=1m"); err != nil {
		return err
	}
	upper, work := filepath.Join(scratch, "upper"), filepath.Join(scratch, "work")
	for _, d := range []string{upper, work} {
		if err := os.Mkdir(d, 0o755); err != nil {
			return err
		}
	}
	return mount("overlay", dir, "overlay", 0, fmt.Sprintf("lowerdir=%s,upperdir=%s,workdir=%s", dir, upper, work))
}

func mount(from, at, kind string, flags uintptr, data string) error {
	if err := syscall.Mount(from, at, kind, flags, data); err != nil {
		return fmt.Errorf("mount %s %s at %s: %w", kind, from, at, err)
	}
	return nil
}

// connect configures the link that the switch has plugged in.
func connect(m layout.Machine) error {
	if err := ip("link", "set", "lo", "up"); err != nil {
		return err
	}
	if err := addAddress(m.Network.Address, "eth0"); err != nil {
		return err
	}
	if err := ip("link", "set", "eth0", "up"); err != nil {
		return err
	}
	if err := ip("route", "add", "default", "via", m.Network.Gateway.String()); err != nil {
		return err
	}
	for _, r := range m.Network.Routes {
		if err := ip("route", "add", r.To.String(), "via", r.Via.String()); err != nil {
			return err
		}
	}
	return masquerade(m.Network)
}

// masquerade lets pods call the host, which has no route back to them. Traffic between pods and nodes
// keeps its addresses.
func masquerade(n *layout.Network) error {
	family := "ip"
	if n.Gateway.Is6() {
		family = "ip6"
	}
	rules := fmt.Sprintf("table %s telepod {\n chain out {\n  type nat hook postrouting priority srcnat;\n  %s daddr %s masquerade\n }\n}\n",
		family, family, n.Gateway)
	cmd := exec.Command("nft", "-f", "-")
	cmd.Stdin = strings.NewReader(rules)
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("nft: %w: %s", err, out)
	}
	return nil
}

// sysctls sets kernel parameters. Without br_netfilter (a module on most machines), replies between pods on
// one node bypass connection tracking, so their connections to hostPorts and Services time out.
func sysctls() error {
	if _, err := os.Stat("/proc/sys/net/bridge"); err != nil {
		if out, err := exec.Command("modprobe", "br_netfilter").CombinedOutput(); err != nil {
			return fmt.Errorf("modprobe br_netfilter: %w: %s", err, out)
		}
	}
	for name, value := range map[string]string{
		"net/ipv4/ip_forward":                 "1",
		"net/ipv6/conf/all/forwarding":        "1",
		"net/ipv4/conf/all/rp_filter":         "0",
		"net/bridge/bridge-nf-call-iptables":  "1",
		"net/bridge/bridge-nf-call-ip6tables": "1",
	} {
		err := os.WriteFile(filepath.Join("/proc/sys", name), []byte(value), 0)
		if err != nil && !os.IsNotExist(err) { // a kernel without IPv6
			return err
		}
	}
	return nil
}
