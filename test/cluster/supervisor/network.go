//go:build linux

package supervisor

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"net/netip"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"syscall"
)

// network connects nodes and host. A child process keeps its bridge in a separate network namespace: in
// the host's, once br_netfilter is loaded, a FORWARD chain with policy drop (Docker, ufw) would block
// traffic between nodes. One veth pair leads to the host.
type network struct {
	link    string
	cmd     *exec.Cmd
	orders  io.WriteCloser
	answers *bufio.Reader
}

func newNetwork(self, link string, host netip.Prefix) (*network, error) {
	n := &network{link: link, cmd: exec.Command(self, "switch")}
	n.cmd.SysProcAttr = &syscall.SysProcAttr{Cloneflags: syscall.CLONE_NEWNET, Pdeathsig: syscall.SIGKILL}
	n.cmd.Stderr = os.Stderr
	var err error
	if n.orders, err = n.cmd.StdinPipe(); err != nil {
		return nil, err
	}
	out, err := n.cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	n.answers = bufio.NewReader(out)
	if err := n.cmd.Start(); err != nil {
		return nil, fmt.Errorf("start the switch: %w", err)
	}
	if err := n.connectHost(host); err != nil {
		n.close()
		return nil, err
	}
	return n, nil
}

func (n *network) connectHost(host netip.Prefix) error {
	if err := ip("link", "add", n.link, "type", "veth", "peer", "name", "host", "netns", strconv.Itoa(n.cmd.Process.Pid)); err != nil {
		return err
	}
	if err := addAddress(host, n.link); err != nil {
		return err
	}
	if err := ip("link", "set", n.link, "up"); err != nil {
		return err
	}
	return n.order("attach", "host")
}

// order sends the switch a command: attach LINK; plug LINK PID (create a pair, one end attached to the
// bridge, the other eth0 of the process); unplug, down or up LINK.
func (n *network) order(words ...string) error {
	line := strings.Join(words, " ")
	if _, err := fmt.Fprintln(n.orders, line); err != nil {
		return fmt.Errorf("switch: %s: %w", line, err)
	}
	answer, err := n.answers.ReadString('\n')
	if err != nil {
		return fmt.Errorf("switch: %s: %w", line, err)
	}
	if answer = strings.TrimSpace(answer); answer != "ok" {
		return fmt.Errorf("switch: %s: %s", line, answer)
	}
	return nil
}

// close removes the host's link first: the kernel cleans up a dead network namespace asynchronously, and
// a link that is about to disappear cannot be removed by name.
func (n *network) close() error {
	err := ip("link", "del", n.link)
	n.orders.Close()
	_ = n.cmd.Wait() // its exit status does not matter
	return err
}

// Switch is the child process that owns the bridge. It exits at the end of its input.
func Switch(in io.Reader, out io.Writer) error {
	if err := ip("link", "add", "br0", "type", "bridge"); err != nil {
		return err
	}
	if err := ip("link", "set", "br0", "up"); err != nil {
		return err
	}
	lines := bufio.NewScanner(in)
	for lines.Scan() {
		answer := "ok"
		if err := obey(strings.Fields(lines.Text())); err != nil {
			answer = strings.ReplaceAll(err.Error(), "\n", " ")
		}
		fmt.Fprintln(out, answer)
	}
	return lines.Err()
}

func obey(order []string) error {
	switch what, link := order[0], order[1]; what {
	case "plug":
		if err := ip("link", "add", link, "type", "veth", "peer", "name", "eth0", "netns", order[2]); err != nil {
			return err
		}
		return attach(link)
	case "attach":
		return attach(link)
	case "unplug":
		if _, err := net.InterfaceByName(link); err != nil {
			return nil // it disappeared with the namespace of its other end
		}
		return ip("link", "del", link)
	default:
		return ip("link", "set", link, what)
	}
}

func attach(link string) error { return ip("link", "set", link, "master", "br0", "up") }

func addAddress(p netip.Prefix, link string) error {
	args := []string{"addr", "add", p.String(), "dev", link}
	if p.Addr().Is6() {
		args = append(args, "nodad") // skip duplicate detection: usable immediately
	}
	return ip(args...)
}

// ip runs iproute2's ip command.
func ip(args ...string) error {
	out, err := exec.Command("ip", args...).CombinedOutput()
	if err != nil {
		return fmt.Errorf("ip %s: %w: %s", strings.Join(args, " "), err, strings.TrimSpace(string(out)))
	}
	return nil
}
