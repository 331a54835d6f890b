// SPDX-License-Identifier: GPL-2.0
// For count-programs: the ways of Java's NIO to send a file.
//
//	CountSend heap|direct|map|transferTo FILE PORT
//
// It connects, says "ready", waits for a line, sends, says "sent", and waits
// for another line or the end.

import java.io.IOException;
import java.net.InetSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.channels.SocketChannel;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;

public class CountSend {
	private static final int CHUNK = 1 << 20;

	private static void sendAll(SocketChannel socket, ByteBuffer buffer)
			throws IOException {
		while (buffer.hasRemaining())
			socket.write(buffer);
	}

	private static void readAndWrite(FileChannel file, SocketChannel socket,
			ByteBuffer buffer) throws IOException {
		while (file.read(buffer) > 0) {
			buffer.flip();
			sendAll(socket, buffer);
			buffer.clear();
		}
	}

	private static void transfer(FileChannel file, SocketChannel socket)
			throws IOException {
		long at = 0;

		while (at < file.size())
			at += file.transferTo(at, CHUNK, socket);
	}

	private static void send(String how, FileChannel file,
			SocketChannel socket) throws IOException {
		switch (how) {
		case "heap":
			readAndWrite(file, socket, ByteBuffer.allocate(CHUNK));
			break;
		case "direct":
			readAndWrite(file, socket,
					ByteBuffer.allocateDirect(CHUNK));
			break;
		case "map":
			sendAll(socket, file.map(FileChannel.MapMode.READ_ONLY,
					0, file.size()));
			break;
		case "transferTo":
			transfer(file, socket);
			break;
		default:
			throw new IllegalArgumentException(how);
		}
	}

	public static void main(String[] words) throws IOException {
		int port = Integer.parseInt(words[2]);

		try (FileChannel file = FileChannel.open(Path.of(words[1]),
				StandardOpenOption.READ);
		     SocketChannel socket = SocketChannel.open(
				new InetSocketAddress("127.0.0.1", port))) {
			System.out.println("ready");
			System.in.read();
			send(words[0], file, socket);
			System.out.println("sent");
			System.in.read();
		}
	}
}
