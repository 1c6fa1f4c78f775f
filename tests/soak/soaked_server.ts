/**
 * The real server and every fault that a test can cause: kill, pause, cut connections, full disk.
 */
import { CuttingProxy } from "../faults/cutting_proxy.ts";
import { openScene, type Scene } from "../end_to_end/driver.ts";
import { mountSmallDisk, type SmallDisk } from "../ledger/sqlite/small_disk.ts";
import { pause } from "./crowd.ts";

export type Fault = "kill" | "stop" | "cut" | "full";

/** Megabytes of the disk that the ledger is on: more than an hour of payments takes. */
const diskMegabytes = 1000;
/** How long a server is stopped, and a disk full after the first refusal. */
const faultMs = 3000;

export class SoakedServer implements AsyncDisposable {
  readonly scene: Scene;
  readonly proxy: CuttingProxy;
  /** The ledger's file. */
  readonly db: string;
  readonly #disk: SmallDisk | undefined;

  private constructor(scene: Scene, db: string, disk: SmallDisk | undefined) {
    this.scene = scene;
    this.db = db;
    this.#disk = disk;
    this.proxy = new CuttingProxy(scene.server.port);
  }

  static async start(): Promise<SoakedServer> {
    const scene = await openScene();
    const disk = await mountSmallDisk(`${diskMegabytes}m`);
    const db = `${disk?.folder ?? scene.folder}/server.db`;
    await scene.startServer({ args: serverArgs(db) });
    return new SoakedServer(scene, db, disk);
  }

  get pid(): number {
    return this.scene.server.program.pid;
  }

  /** What can be done to it here: a disk is filled only where one of its own can be mounted. */
  get faults(): readonly Fault[] {
    return this.#disk ? ["cut", "stop", "full", "kill"] : ["cut", "stop", "kill"];
  }

  /** Does it, and undoes it. Resolves when the server serves again. */
  async suffer(fault: Fault): Promise<void> {
    const { program, port } = this.scene.server;
    switch (fault) {
      case "cut":
        return this.proxy.cut();
      case "stop":
        program.signal("SIGSTOP");
        await pause(faultMs);
        return program.signal("SIGCONT");
      case "full":
        return await withoutRoom(this.#disk!.folder, async () => {
          // What is free within the ledger's files is used up first.
          await program.line(/there is no room left/);
          await pause(faultMs);
        });
      case "kill":
        program.signal("SIGKILL");
        await program.end();
        await this.scene.startServer({ args: serverArgs(this.db), port });
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.proxy[Symbol.asyncDispose]();
    await this.scene[Symbol.asyncDispose]();
    await this.#disk?.[Symbol.asyncDispose]();
  }
}

/** Fills a disk to its last byte while an action runs. */
export async function withoutRoom(folder: string, action: () => Promise<void>): Promise<void> {
  const ballast = `${folder}/ballast`;
  {
    using file = await Deno.open(ballast, { write: true, createNew: true });
    // Smaller and smaller pieces: the last one takes the last page.
    for (let bytes = 4 * 1024 * 1024; bytes >= 1; bytes /= 4) {
      const piece = new Uint8Array(bytes);
      try {
        while (await file.write(piece) > 0);
      } catch {
        // No room for a piece of this size.
      }
    }
  }
  try {
    await action();
  } finally {
    await Deno.remove(ballast);
  }
}

function serverArgs(db: string): string[] {
  return ["100", "--silent", "--host", "127.0.0.1", "--initial-balance", "1000000", "--db", db];
}
