#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only
# A Java virtual machine with a heap of 256 MiB and 20 threads that check sums of their arrays all the time,
# dumped and restored ten times in a row.
# needs: program:java program:javac
# rounds: 10
# budget: 120s
# busy: threads compute, the collector runs
# shellcheck source=test/real/lib.bash disable=SC1091
. "${0%/*}/lib.bash"
cat >Sums.java <<'EOF'
import java.io.File;
import java.util.concurrent.atomic.*;
import java.util.zip.CRC32;

// No java.nio: it opens a socket that it never uses.
public class Sums {
	static final int THREADS = 20, SIZE = 4 << 20;
	static final AtomicInteger here = new AtomicInteger();
	static volatile String wrong;

	static boolean go() { return new File(System.getenv("CASE_DIR"), "go").exists(); }

	static long sum(byte[] data) {
		CRC32 crc = new CRC32();
		crc.update(data);
		return crc.getValue();
	}

	static void work(int number) {
		byte[] data = new byte[SIZE];
		for (int i = 0; i < SIZE; i++)
			data[i] = (byte) (i * 31 + number + (i >> 8));
		long want = sum(data);
		for (int round = 0; wrong == null; round++) {
			boolean last = go();
			byte[] copy = data.clone();     // work for the collector
			if (sum(copy) != want)
				wrong = "thread " + number + ", round " + round;
			data = copy;
			if (round == 1)
				here.incrementAndGet();
			if (last)
				return;
		}
	}

	public static void main(String[] args) throws Exception {
		Thread[] threads = new Thread[THREADS];
		for (int i = 0; i < THREADS; i++) {
			int number = i;
			threads[i] = new Thread(() -> work(number));
			threads[i].start();
		}
		while (here.get() < THREADS)
			Thread.sleep(5);
		new File(System.getenv("CASE_DIR"), "ready").createNewFile();
		for (Thread t : threads)
			t.join();
		if (wrong != null)
			throw new Exception(wrong);
		System.exit(0);
	}
}
EOF
javac Sums.java || { echo "skip: javac does not work here" >&2; exit 77; }
exec java -Xms256m -Xmx256m Sums
