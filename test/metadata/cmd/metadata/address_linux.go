package main

import (
	"encoding/binary"
	"errors"
	"fmt"
	"net"
	"syscall"
)

// addAddress adds an IPv4 address to the loopback interface, by netlink, because the image has no ip
// command. It succeeds if the address exists already.
func addAddress(address string) error {
	loopback, err := net.InterfaceByName("lo")
	if err != nil {
		return err
	}
	socket, err := syscall.Socket(syscall.AF_NETLINK, syscall.SOCK_RAW, syscall.NETLINK_ROUTE)
	if err != nil {
		return fmt.Errorf("open a netlink socket: %w", err)
	}
	defer syscall.Close(socket)
	kernel := &syscall.SockaddrNetlink{Family: syscall.AF_NETLINK}
	if err := syscall.Sendto(socket, newAddress(loopback.Index, net.ParseIP(address).To4()), 0, kernel); err != nil {
		return fmt.Errorf("send to the kernel: %w", err)
	}
	answer := make([]byte, 4096)
	n, _, err := syscall.Recvfrom(socket, answer, 0)
	if err != nil {
		return fmt.Errorf("receive from the kernel: %w", err)
	}
	messages, err := syscall.ParseNetlinkMessage(answer[:n])
	if err != nil {
		return err
	}
	if len(messages) == 0 || messages[0].Header.Type != syscall.NLMSG_ERROR {
		return errors.New("the kernel's answer is not an acknowledgement")
	}
	code := syscall.Errno(-int32(binary.NativeEndian.Uint32(messages[0].Data)))
	if code != 0 && code != syscall.EEXIST {
		return code
	}
	return nil
}

// newAddress is the message RTM_NEWADDR (rtnetlink(7)): header, ifaddrmsg, two attributes.
func newAddress(index int, address net.IP) []byte {
	order := binary.NativeEndian
	body := []byte{syscall.AF_INET, 32, 0, syscall.RT_SCOPE_HOST}
	body = order.AppendUint32(body, uint32(index))
	for _, attribute := range []uint16{syscall.IFA_LOCAL, syscall.IFA_ADDRESS} {
		body = order.AppendUint16(body, uint16(4+len(address)))
		body = order.AppendUint16(body, attribute)
		body = append(body, address...)
	}
	header := order.AppendUint32(nil, uint32(syscall.NLMSG_HDRLEN+len(body)))
	header = order.AppendUint16(header, syscall.RTM_NEWADDR)
	header = order.AppendUint16(header, syscall.NLM_F_REQUEST|syscall.NLM_F_ACK|syscall.NLM_F_CREATE|syscall.NLM_F_EXCL)
	header = order.AppendUint32(header, 1)
	header = order.AppendUint32(header, 0)
	return append(header, body...)
}
